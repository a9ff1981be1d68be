//! An address, with its members spelled as webhooks do or as the Admin API does.

use serde::Deserialize;

use crate::domain::address::{Address, filled};

#[derive(Debug, Deserialize)]
pub(super) struct ShownAddress {
    name: Option<String>,
    #[serde(alias = "firstName")]
    first_name: Option<String>,
    #[serde(alias = "lastName")]
    last_name: Option<String>,
    company: Option<String>,
    address1: Option<String>,
    address2: Option<String>,
    city: Option<String>,
    #[serde(alias = "provinceCode")]
    province_code: Option<String>,
    zip: Option<String>,
    #[serde(alias = "countryCodeV2")]
    country_code: Option<String>,
    phone: Option<String>,
}

impl ShownAddress {
    pub(super) fn address(&self) -> Option<Address> {
        Address {
            first_name: filled(self.first_name.as_deref()),
            last_name: filled(self.last_name.as_deref()),
            company: filled(self.company.as_deref()),
            street1: filled(self.address1.as_deref()),
            street2: filled(self.address2.as_deref()),
            city: filled(self.city.as_deref()),
            province: filled(self.province_code.as_deref()),
            postal_code: filled(self.zip.as_deref()),
            country: filled(self.country_code.as_deref()),
            phone: filled(self.phone.as_deref()),
        }
        .with_full_name(self.name.as_deref())
        .unless_blank()
    }
}
