//! The provinces of the countries whose post cannot do without one: codes of ISO 3166-2, and names.
//!
//! A table, no rule. A row is `CODE=OTHER Name`: first the code of ISO 3166-2 without its country, then what shops write
//! in its stead (`DF` for `CMX`). Of countries that are not here nothing is known, and nothing is asked.
//!
//! Source: the address metadata of libaddressinput (Google, CC BY 4.0), rewritten; regions of Italy and Spain and other
//! codes in use were added.

/// A province.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Its codes; the first is ISO's.
    codes: &'static str,
    /// Its name.
    pub(super) name: &'static str,
}

impl Row {
    /// The code of ISO 3166-2, without the country.
    pub(super) fn code(&self) -> &'static str {
        self.codes().next().unwrap_or(self.codes)
    }

    fn codes(&self) -> impl Iterator<Item = &'static str> {
        self.codes.split('=')
    }
}

/// The provinces of a country, where a list of them is kept.
pub(super) fn of(country: &str) -> Option<impl Iterator<Item = Row>> {
    let (_, rows) = PROVINCES.iter().find(|(of, _)| *of == country)?;
    Some(rows.split('|').filter_map(|row| row.split_once(' ')).map(|(codes, name)| Row { codes, name }))
}

/// The province of a country that text names by its code, with or without the country before it, or by its name.
pub(super) fn find(country: &str, text: &str) -> Option<Row> {
    let (code, name) = (code(country, text), text.trim().to_lowercase());
    // Nearly all have the code, and a name is dearer to compare.
    let by_code = of(country)?.find(|row| row.codes().any(|known| known == code));
    by_code.or_else(|| of(country)?.find(|row| row.name.to_lowercase() == name))
}

/// Text as a code: in upper case, without the country before it, dots and blanks.
pub(super) fn code(country: &str, text: &str) -> String {
    let text = text.trim().to_uppercase();
    let own = text.strip_prefix(country).and_then(|rest| rest.strip_prefix('-')).unwrap_or(&text);
    own.chars().filter(|c| !matches!(c, '.' | ' ')).collect()
}

const PROVINCES: &[(&str, &str)] = &[
    (
        "US",
        "AL Alabama|AK Alaska|AS American Samoa|AZ Arizona|AR Arkansas|AA Armed Forces Americas\
         |AE Armed Forces Europe|AP Armed Forces Pacific|CA California|CO Colorado|CT Connecticut|DE Delaware\
         |DC District of Columbia|FL Florida|GA Georgia|GU Guam|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa\
         |KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MH Marshall Islands|MD Maryland|MA Massachusetts\
         |MI Michigan|FM Micronesia|MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada\
         |NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota\
         |MP Northern Mariana Islands|OH Ohio|OK Oklahoma|OR Oregon|PW Palau|PA Pennsylvania|PR Puerto Rico\
         |RI Rhode Island|SC South Carolina|SD South Dakota|TN Tennessee|TX Texas|UT Utah|VT Vermont\
         |VI Virgin Islands|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming\
         |UM US Minor Outlying Islands",
    ),
    (
        "CA",
        "AB Alberta|BC British Columbia|MB Manitoba|NB New Brunswick|NL Newfoundland and Labrador\
         |NT Northwest Territories|NS Nova Scotia|NU Nunavut|ON Ontario|PE Prince Edward Island|QC Quebec\
         |SK Saskatchewan|YT Yukon",
    ),
    (
        "AU",
        "ACT Australian Capital Territory|JBT Jervis Bay Territory|NSW New South Wales|NT Northern Territory\
         |QLD Queensland|SA South Australia|TAS Tasmania|VIC Victoria|WA Western Australia",
    ),
    (
        "MX",
        "AGU=AGS Aguascalientes|BCN=BC Baja California|BCS Baja California Sur|CAM=CAMP Campeche|CHP=CHIS Chiapas\
         |CHH=CHIH Chihuahua|CMX=CDMX=DF Ciudad de México|COA=COAH Coahuila de Zaragoza|COL Colima\
         |DUR=DGO Durango|MEX Estado de México|GUA=GTO Guanajuato|GRO Guerrero|HID=HGO Hidalgo|JAL Jalisco\
         |MIC=MICH Michoacán|MOR Morelos|NAY Nayarit|NLE=NL Nuevo León|OAX Oaxaca|PUE Puebla|QUE=QRO Querétaro\
         |ROO=QROO=QR Quintana Roo|SLP San Luis Potosí|SIN Sinaloa|SON Sonora|TAB Tabasco|TAM=TAMPS Tamaulipas\
         |TLA=TLAX Tlaxcala|VER Veracruz|YUC Yucatán|ZAC Zacatecas",
    ),
    (
        "BR",
        "AC Acre|AL Alagoas|AP Amapá|AM Amazonas|BA Bahia|CE Ceará|DF Distrito Federal|ES Espírito Santo|GO Goiás\
         |MA Maranhão|MT Mato Grosso|MS Mato Grosso do Sul|MG Minas Gerais|PA Pará|PB Paraíba|PR Paraná\
         |PE Pernambuco|PI Piauí|RJ Rio de Janeiro|RN Rio Grande do Norte|RS Rio Grande do Sul|RO Rondônia\
         |RR Roraima|SC Santa Catarina|SP São Paulo|SE Sergipe|TO Tocantins",
    ),
    (
        "IN",
        "AN Andaman & Nicobar|AP Andhra Pradesh|AR Arunachal Pradesh|AS Assam|BR Bihar|CH Chandigarh\
         |CT=CG Chhattisgarh|DH=DN=DD Dadra & Nagar Haveli & Daman & Diu|DL Delhi|GA Goa|GJ Gujarat|HR Haryana\
         |HP Himachal Pradesh|JK Jammu & Kashmir|JH Jharkhand|KA Karnataka|KL Kerala|LA Ladakh|LD Lakshadweep\
         |MP Madhya Pradesh|MH Maharashtra|MN Manipur|ML Meghalaya|MZ Mizoram|NL Nagaland|OR=OD Odisha\
         |PY Puducherry|PB Punjab|RJ Rajasthan|SK Sikkim|TN Tamil Nadu|TG=TS Telangana|TR Tripura\
         |UP Uttar Pradesh|UT=UK Uttarakhand|WB West Bengal",
    ),
    (
        "JP",
        "01 Hokkaido|02 Aomori|03 Iwate|04 Miyagi|05 Akita|06 Yamagata|07 Fukushima|08 Ibaraki|09 Tochigi\
         |10 Gunma|11 Saitama|12 Chiba|13 Tokyo|14 Kanagawa|15 Niigata|16 Toyama|17 Ishikawa|18 Fukui\
         |19 Yamanashi|20 Nagano|21 Gifu|22 Shizuoka|23 Aichi|24 Mie|25 Shiga|26 Kyoto|27 Osaka|28 Hyogo|29 Nara\
         |30 Wakayama|31 Tottori|32 Shimane|33 Okayama|34 Hiroshima|35 Yamaguchi|36 Tokushima|37 Kagawa|38 Ehime\
         |39 Kochi|40 Fukuoka|41 Saga|42 Nagasaki|43 Kumamoto|44 Oita|45 Miyazaki|46 Kagoshima|47 Okinawa",
    ),
    (
        "IT",
        "AG Agrigento|AL Alessandria|AN Ancona|AO Aosta|AR Arezzo|AP Ascoli Piceno|AT Asti|AV Avellino|BA Bari\
         |BT Barletta-Andria-Trani|BL Belluno|BN Benevento|BG Bergamo|BI Biella|BO Bologna|BZ Bolzano|BS Brescia\
         |BR Brindisi|CA Cagliari|CL Caltanissetta|CB Campobasso|CE Caserta|CT Catania|CZ Catanzaro|CH Chieti\
         |CO Como|CS Cosenza|CR Cremona|KR Crotone|CN Cuneo|EN Enna|FM Fermo|FE Ferrara|FI Firenze|FG Foggia\
         |FC Forlì-Cesena|FR Frosinone|GE Genova|GO Gorizia|GR Grosseto|IM Imperia|IS Isernia|AQ L'Aquila\
         |SP La Spezia|LT Latina|LE Lecce|LC Lecco|LI Livorno|LO Lodi|LU Lucca|MC Macerata|MN Mantova\
         |MS Massa-Carrara|MT Matera|ME Messina|MI Milano|MO Modena|MB Monza e Brianza|NA Napoli|NO Novara\
         |NU Nuoro|OR Oristano|PD Padova|PA Palermo|PR Parma|PV Pavia|PG Perugia|PU Pesaro e Urbino|PE Pescara\
         |PC Piacenza|PI Pisa|PT Pistoia|PN Pordenone|PZ Potenza|PO Prato|RG Ragusa|RA Ravenna|RC Reggio Calabria\
         |RE Reggio Emilia|RI Rieti|RN Rimini|RM Roma|RO Rovigo|SA Salerno|SS Sassari|SV Savona|SI Siena\
         |SR Siracusa|SO Sondrio|SU Sud Sardegna|TA Taranto|TE Teramo|TR Terni|TO Torino|TP Trapani|TN Trento\
         |TV Treviso|TS Trieste|UD Udine|VA Varese|VE Venezia|VB Verbano-Cusio-Ossola|VC Vercelli|VR Verona\
         |VV Vibo Valentia|VI Vicenza|VT Viterbo|21 Piemonte|23 Valle d'Aosta|25 Lombardia|32 Trentino-Alto Adige\
         |34 Veneto|36 Friuli-Venezia Giulia|42 Liguria|45 Emilia-Romagna|52 Toscana|55 Umbria|57 Marche|62 Lazio\
         |65 Abruzzo|67 Molise|72 Campania|75 Puglia|77 Basilicata|78 Calabria|82 Sicilia|88 Sardegna\
         |OG Ogliastra|OT Olbia-Tempio|VS Medio Campidano|CI Carbonia-Iglesias|FO Forlì|PS Pesaro",
    ),
    (
        "ES",
        "VI Álava|AB Albacete|A Alicante|AL Almería|O Asturias|AV Ávila|BA Badajoz|B Barcelona|BU Burgos\
         |CC Cáceres|CA Cádiz|S Cantabria|CS Castellón|CE Ceuta|CR Ciudad Real|CO Córdoba|CU Cuenca|GI Girona\
         |GR Granada|GU Guadalajara|SS Guipúzcoa|H Huelva|HU Huesca|PM Islas Baleares|J Jaén|C La Coruña\
         |LO La Rioja|GC Las Palmas|LE León|L Lérida|LU Lugo|M Madrid|MA Málaga|ML Melilla|MU Murcia|NA Navarra\
         |OR Ourense|P Palencia|PO Pontevedra|SA Salamanca|TF Santa Cruz de Tenerife|SG Segovia|SE Sevilla\
         |SO Soria|T Tarragona|TE Teruel|TO Toledo|V Valencia|VA Valladolid|BI Vizcaya|ZA Zamora|Z Zaragoza\
         |AN Andalucía|AR Aragón|AS Asturias|CN Canarias|CB Cantabria|CM Castilla-La Mancha|CL Castilla y León\
         |CT Catalunya [Cataluña]|EX Extremadura|GA Galicia [Galicia]|IB Illes Balears [Islas Baleares]|MD Madrid\
         |MC Murcia|NC Nafarroako Foru Komunitatea*|PV Euskal Herria|RI La Rioja|VC Valenciana",
    ),
];
