//! The carriers of Asia, the Middle East and the Pacific. Facts, one row each; `mod.rs` says of what.

use super::row;
use crate::domain::carrier::Carrier;
use crate::domain::carrier::shape::Shape::{Any, Japanese, Postal};

pub(super) static PACIFIC: &[Carrier] = &[
    row(
        "Australia Post",
        &["AusPost", "Australia Post eParcel", "eParcel", "Australian Post"],
        Postal,
        Some("https://auspost.com.au/mypost/track/details/{}"),
    ),
    row(
        "StarTrack",
        &["Star Track Express", "StarTrack Express"],
        Any,
        Some("https://startrack.com.au/track/?id={}"),
    ),
    row(
        "CouriersPlease",
        &["Couriers Please", "Courier Please"],
        Any,
        Some("https://www.couriersplease.com.au/tools-track?no={}"),
    ),
    row(
        "Aramex Australia",
        &["Aramex AU", "Fastway Australia", "Fastway Couriers Australia"],
        Any,
        Some("https://www.aramex.com.au/tools/track?l={}"),
    ),
    row(
        "Aramex",
        &["Aramex International"],
        Any,
        Some("https://www.aramex.com/us/en/track/results?ShipmentNumber={}"),
    ),
    row(
        "Toll IPEC",
        &["Toll", "IPEC"],
        Any,
        Some("https://www.mytoll.com/?externalSearchQuery={}&op=Search"),
    ),
    row(
        "New Zealand Post",
        &["NZ Post", "NZPost", "CourierPost"],
        Postal,
        Some("https://www.nzpost.co.nz/tools/tracking?trackid={}"),
    ),
    row(
        "Japan Post",
        &["Japan Post (EN)", "Japan Post (JA)", "JP Post", "Yu-Pack", "日本郵便"],
        Postal,
        Some("https://trackings.post.japanpost.jp/services/srv/search/direct?reqCodeNo1={}&locale=en"),
    ),
    row(
        "Yamato Transport",
        &["Yamato", "Yamato (EN)", "Yamato (JA)", "Kuroneko Yamato", "TA-Q-BIN", "ヤマト運輸"],
        Japanese,
        Some("https://jizen.kuronekoyamato.co.jp/jizen/servlet/crjz.b.NQ0010?id={}"),
    ),
    row(
        "Sagawa Express",
        &["Sagawa", "Sagawa (EN)", "Sagawa (JA)", "佐川急便"],
        Japanese,
        Some("https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo={}"),
    ),
    row(
        "SF Express",
        &["SF", "S.F. Express", "Shunfeng", "SF International"],
        Any,
        Some("https://www.sf-express.com/cn/en/dynamic_function/waybill/#search/bill-number/{}"),
    ),
    row("China Post", &["China EMS", "China Post Registered", "EMS China"], Postal, None),
    row(
        "4PX",
        &["4PX Express", "4PX Worldwide Express", "Fourpx"],
        Any,
        Some("https://track.4px.com/#/result/0/{}"),
    ),
    row(
        "YunExpress",
        &["Yun Express", "Yun Track"],
        Any,
        Some("https://www.yuntrack.com/parcelTracking?id={}"),
    ),
    row("Singapore Post", &["SingPost", "SpeedPost Singapore"], Postal, None),
    row(
        "NinjaVan",
        &["Ninja Van", "Ninja Van SG"],
        Any,
        Some("https://www.ninjavan.co/en-sg/tracking?id={}"),
    ),
    row("Delhivery", &["Delhivery Surface"], Any, Some("https://www.delhivery.com/track/package/{}")),
    row(
        "Blue Dart",
        &["BlueDart", "Blue Dart Express"],
        Any,
        Some("https://www.bluedart.com/trackdartresultthirdparty?trackFor=0&trackNo={}"),
    ),
];
