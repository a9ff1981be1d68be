//! Post-office boxes and the military's post, told from streets that only sound like them.

use crossdock::domain::address::Address;

use super::filled;
use crate::support::address;

#[test]
fn post_office_boxes_are_told_from_streets() {
    let boxes = [
        "PO Box 12",
        "P.O. Box 12",
        "P. O. Box 12",
        "p.o.box 12",
        "POBox 12",
        "POBOX12",
        "PO BOX12",
        "POB 12",
        "P.O.B. 12",
        "PO B 12",
        "Post Office Box 12",
        "P.O. Drawer 12",
        "PO Box #12",
        "123 Main St, PO Box 12",
        "GPO Box 1234",
        "Locked Bag 12",
        "Private Bag X12",
        "Postfach 10 20 30",
        "Postfach",
        "Postbus 123",
        "Boîte postale 12",
        "BP 12",
        "Casella Postale 7",
        "Apartado 123",
        "Apartado Postal 123",
        "Caixa Postal 1",
        "Postboks 12",
        "Box 12",
    ];
    for street in boxes {
        let lines = [(Some(street), None), (None, Some(street))];
        for (street1, street2) in lines {
            let text = |line: Option<&str>| line.map(str::to_owned);
            let address = Address { street1: text(street1), street2: text(street2), ..address() };
            assert!(address.is_po_box(), "{street}");
        }
    }
    let second = |street1: &str, street2: &str| Address {
        street1: Some(street1.into()),
        street2: filled(street2),
        ..address()
    };
    assert!(second("123 Main St", "P.O. Box 12").is_po_box());
    let streets = [
        ("253 Broadway", ""),
        ("12 Box Hill Road", ""),
        ("Boxwood Lane 4", ""),
        ("12 Post Box Lane", ""),
        ("7 P O Box Road", ""),
        ("HC 1 Box 12", ""),
        ("RR 2", "Box 40"),
        ("123 Main St", "Box 12"),
        ("123 Main St PMB 12", ""),
        ("12 Pobre Street", ""),
        ("Postfachweg 3", ""),
        ("1 Post Office Square", ""),
        ("10 Postoffice Rd", ""),
        ("Calle Apartado", ""),
        ("12 Drawer Lane", ""),
        ("BP Station, 12 High Street", ""),
        ("Mailbox Etc, 12 High Street", ""),
    ];
    for (street1, street2) in streets {
        assert!(!second(street1, street2).is_po_box(), "{street1} / {street2}");
    }
    let soldier = |city: &str, province: &str| Address {
        city: Some(city.into()),
        province: filled(province),
        street1: Some("PSC 802 Unit 74".into()),
        ..address()
    };
    assert!(
        soldier("APO", "AE").is_po_box()
            && soldier("Fpo", "").is_po_box()
            && soldier("Vicenza", "ae").is_po_box()
    );
    assert!(!soldier("New York", "NY").is_po_box());
    assert!(!Address { country: Some("AE".into()), province: None, ..address() }.is_po_box(), "the Emirates");
}
