//! What is expected of every carrier, told apart from the table that is tested.

/// One carrier on each line: its name, how somebody writes it, a number of its, one that is none of its, the page of the
/// former, and its company at the shop, with `+` behind it where only some shops know that.
const TABLE: &str = "
UPS | UPS® Ground | 1Z999AA10123456784 | 1Z999AA10123456785 | https://www.ups.com/track?tracknum=1Z999AA10123456784 | UPS
FedEx | fedex_ground | 748900000012 | 74890000001 | https://www.fedex.com/fedextrack/?trknbr=748900000012 | FedEx
USPS | USPS Priority Mail® | 9400111202555842332669 | 9400111202555842332668 | https://tools.usps.com/go/TrackConfirmAction?tLabels=9400111202555842332669 | USPS
OnTrac | ontrac_ground | C11031500001879 | tomorrow | https://www.ontrac.com/tracking/?number=C11031500001879 | OnTrac
LaserShip | Lasership | 1LSCYM1003BT5PX | n/a | https://www.ontrac.com/tracking/?number=1LSCYM1003BT5PX | Lasership
Lone Star Overnight | LSO | ZX0D6H5G | LSO! | https://www2.lso.com/access/trackshipment?TNum=ZX0D6H5G | Lone Star Overnight
GLS US | GSO/GLS US | 50308000000128176 | GSO | https://www.gls-us.com/track-and-trace?TrackingNumbers=50308000000128176 | GLS +
Amazon Logistics | amazon_shipping | TBA487064622000 | TBA1,TBA2 | https://track.amazon.com/tracking/TBA487064622000 | Amazon
Veho | Veho | VH1234567 | VH | https://track.shipveho.com/#/trackingId/VH1234567 | -
UniUni | Uni-Uni | UUS3C00987654321 | see mail | https://www.uniuni.com/tracking/?no=UUS3C00987654321 | -
Better Trucks | better_trucks | BTP_03710FL6NL8 | BTP/03710 | https://tracking.bettertrucks.com/tracking?trackingNumber=BTP_03710FL6NL8 | -
Jitsu | AxleHire | JTS123456 | none yet | - | -
Spee-Dee | SPEEDEE Delivery | SP000000000000000017 | SP #17 | https://speedeedelivery.com/track-a-shipment/?barcodes=SP000000000000000017 | -
United Delivery Service | UDS | UDS123456789 | UDS | - | United Delivery Service
CDL Last Mile | cdl | CDL123456789 | soon | - | CDL Last Mile
Pitney Bowes | Newgistics | 4201015192612999 | 4201015192612999? | https://trackpb.shipment.co/track/4201015192612999 | Pitney Bowes
APC Postal Logistics | APC | APC123456789 | APC | - | APC
Asendia USA | asendia_us | ASENDIA123 | to follow | - | Asendia USA
OSM Worldwide | OSM | 926120990912345678 | 9261: yes | https://www.osmworldwide.com/tracking/?trackingNumbers=926120990912345678 | -
Passport | Passport Shipping | 1029437013485739 | 1029 | https://track.passportshipping.com/1029437013485739 | -
FirstMile | First Mile | FM123456789 | FM.1 | https://track.firstmile.com/detail.php?n=FM123456789 | -
Sendle | sendle | SNFJZ88 | SNFJZ | https://track.sendle.com/tracking?ref=SNFJZ88 | Sendle
Estes | Estes Express Lines | 0680123456 | 068 | - | Estes
XPO Logistics | XPO | 123456789 | 1234 | - | XPO Logistics
Old Dominion | ODFL | 12345678901 | call them | - | Old Dominion +
R+L Carriers | R&L Carriers | 123456789 | I 123456789! | https://www2.rlcarriers.com/freight/shipping/shipment-tracing?pro=123456789 | R+L Carriers +
TForce Final Mile | TForce | TF123456 | TF | - | TForce Final Mile
Canada Post | Canada Post Expedited Parcel | 0073938000549297 | 0073938000549298 | https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor=0073938000549297 | Canada Post
Purolator | purolator_ground | 335258857374 | (335) | https://www.purolator.com/en/shipping/tracker?pin=335258857374 | Purolator
Canpar | Canpar Express | D420352470000000020001 | D42 | https://www.canpar.com/en/tracking/delivery_options.htm?barcode=D420352470000000020001 | Canpar
Loomis Express | Loomis | LSHA12345678 | L | https://www.loomisexpress.com/loomship/en/Track/TrackStatus?wbs=LSHA12345678 | Loomis +
Intelcom | Dragonfly | INTLCMD123456789 | INTLCMD | https://intelcom.ca/en/track-your-package/?tracking-id=INTLCMD123456789 | Intelcom +
DHL Express | dhl_express | 1234567891 | 1234567892 | https://www.dhl.com/global-en/home/tracking/tracking-express.html?submit=1&tracking-id=1234567891 | DHL Express
DHL eCommerce | DHL SmartMail Parcel Plus | GM60511234500000001 | GM | https://webtrack.dhlecs.com/orders?trackingNumber=GM60511234500000001 | DHL eCommerce
DHL eCommerce Asia | dhl_ecommerce_asia | THAAA1234567 | THAAA | - | DHL eCommerce Asia
DHL Paket | DHL Germany | 00340434161094022115 | 0034 | https://www.dhl.de/de/privatkunden/pakete-empfangen/verfolgen.html?piececode=00340434161094022115 | DHL +
DHL Parcel UK | UK Mail | 41234567890123 | none | https://track.dhlparcel.co.uk/?con=41234567890123 | DHL Parcel +
DHL | D.H.L. | JD014600003889 | JD | https://www.dhl.com/global-en/home/tracking.html?submit=1&tracking-id=JD014600003889 | DHL +
Royal Mail | Royal Mail Tracked 48® | RB123456785GB | RB123456786GB | https://www.royalmail.com/track-your-item#/tracking-results/RB123456785GB | Royal Mail
Parcelforce | Parcelforce Worldwide | EK473124829GB | EK473124828GB | https://www.parcelforce.com/track-trace?trackNumber=EK473124829GB | Parcelforce +
DPD UK | dpd_uk | 15976965112345 | 159 | https://www.dpd.co.uk/apps/tracking/?reference=15976965112345 | DPD UK
DPD Local | DPD Local Next Day | 15505965112345 | 155 | https://www.dpdlocal.co.uk/apps/tracking/?reference=15505965112345 | DPD Local
Evri | myHermes | H01HYA0012345678 | H01 | https://www.evri.com/track/parcel/H01HYA0012345678 | Evri
Yodel | YODEL DIRECT | JJD0002251234567890 | JJD | https://www.yodel.co.uk/tracking/JJD0002251234567890 | Yodel +
DX | DX Express | 6089512345 | DX | - | DX
APC Overnight | APC Overnight | 2026112210012345678901 | APC | - | -
Amazon Logistics UK | AMZL UK | QB0123456789 | QB | https://track.amazon.co.uk/tracking/QB0123456789 | Amazon Logistics UK
An Post | AnPost | CE300000012IE | CE300000013IE | https://www.anpost.com/Post-Parcels/Track/History?item=CE300000012IE | An Post
DPD Ireland | DPD IE | 123456789 | 12 | https://dpd.ie/tracking?deviceType=5&consignmentNumber=123456789 | DPD Ireland +
DPD | dpd classic | 01125678123456 | 011 | https://tracking.dpd.de/status/en_US/parcel/01125678123456 | DPD
GLS | GLS Parcel | ZABCD123 | ZABCDEFG | https://gls-group.eu/EU/en/parcel-tracking?match=ZABCD123 | GLS
GLS Italy | gls_italy | ME580123456 | ME | https://www.gls-italy.com/?option=com_gls&view=track_e_trace&mode=search&numero_spedizione=ME580123456&tipo_codice=nazionale | GLS Italy +
Deutsche Post | deutsche post | RR473124829DE | RR473124820DE | https://www.deutschepost.de/de/s/sendungsverfolgung.html?piececode=RR473124829DE | Deutsche Post
Hermes | Hermes Germany | 01234567890123 | 01 | https://www.myhermes.de/empfangen/sendungsverfolgung/sendungsinformation/#01234567890123 | Hermes +
PostNL | post_nl | 3SABCD123456789 | 3S | https://postnl.post/?barcodes=3SABCD123456789 | PostNL
bpost | BPOST | 323299901112345678 | 3232 | https://track.bpost.cloud/btr/web/#/search?itemCode=323299901112345678 | BPost
Colissimo | La Poste Colissimo | 6A12345678901 | 6A | https://www.laposte.fr/outils/suivre-vos-envois?code=6A12345678901 | Colissimo
Chronopost | CHRONOPOST EXPRESS | XP473124829FR | XP473124821FR | https://www.chronopost.fr/tracking-no-cms/suivi-page?listeNumerosLT=XP473124829FR | Chronopost
Mondial Relay | MondialRelay | 12345678 | 12 34 | https://www.mondialrelay.fr/suivi-de-colis?numeroExpedition=12345678 | Mondial Relay
Correos | Correos de España | PQ4F6P0704104480181750 | PQ | https://www.correos.es/es/es/herramientas/localizador/envios/detalle?tracking-number=PQ4F6P0704104480181750 | Correos
SEUR | seur | 05123456789012 | 05 | https://www.seur.com/livetracking/?segOnlineIdentificador=05123456789012 | SEUR +
MRW | M.R.W. | 026200123456 | 02 | https://www.mrw.es/seguimiento_envios/MRW_resultados_consultas.asp?modo=nacional&envio=026200123456 | -
Correos Express | correos_express | 3230001234567890 | 32 | - | -
CTT | CTT Correios | RA473124829PT | RA473124822PT | - | CTT
CTT Express | ctt_express | 0082800082809720 | 00 | - | CTT Express
Poste Italiane | poste italiane | RR123456785IT | RR123456784IT | https://www.poste.it/cerca/index.html#/risultati-spedizioni/RR123456785IT | Poste Italiane
BRT | Bartolini | 123456789012 | BRT | https://vas.brt.it/vas/sped_det_show.hsm?Nspediz=123456789012 | BRT +
Swiss Post | Swiss Post Priority | 996012345678901234 | 99 | https://service.post.ch/ekp-web/ui/entry/search/996012345678901234 | Swiss Post
Austrian Post | Oesterreichische Post | RR473124829AT | RR473124823AT | https://www.post.at/sv/sendungsdetails?snr=RR473124829AT | Österreichische Post +
PostNord | Post Nord | RR473124829DK | RR473124824DK | https://portal.postnord.com/tracking/details/RR473124829DK | Portal PostNord
PostNord Sweden | PostNord SE | UA473124829SE | UA473124825SE | https://portal.postnord.com/tracking/details/UA473124829SE | PostNord SE
PostNord Denmark | Post Danmark | RR123456785DK | RR123456780DK | https://portal.postnord.com/tracking/details/RR123456785DK | PostNord DK
Bring | Posten Norge | CC473124829NO | CC473124826NO | https://tracking.bring.com/tracking/CC473124829NO | Bring +
Posti | Itella | JJFI12345678901234567 | JJFI | https://www.posti.fi/fi/seuranta#/lahetys/JJFI12345678901234567 | -
Omniva | OMNIVA | CE473124829EE | CE473124827EE | https://mano.omniva.lt/track/CE473124829EE | -
InPost | Paczkomaty InPost | 687100708024170011003255 | 68 | https://inpost.pl/sledzenie-przesylek?number=687100708024170011003255 | Inpost +
Poczta Polska | Pocztex | RR473124829PL | RR473124828PL | https://emonitoring.poczta-polska.pl/?numer=RR473124829PL | -
Packeta | Zásilkovna | Z1234567890 | Z | https://tracking.packeta.com/en/?id=Z1234567890 | Packeta
Česká pošta | Czech Post | DR473124829CZ | DR473124820CZ | https://www.postaonline.cz/trackandtrace/-/zasilka/cislo?parcelNumbers=DR473124829CZ | -
Nova Post | Nova Poshta | 59000123456789 | 59 | https://novaposhta.ua/tracking/?cargo_number=59000123456789 | -
Yurtiçi Kargo | YURTICI KARGO | 123456789012 | YK | https://www.yurticikargo.com/en/online-servisler/gonderi-sorgula?code=123456789012 | Yurtiçi Kargo +
TNT | TNT Express | GE123456785WW | GE | https://www.tnt.com/express/en_us/site/shipping-tools/tracking.html?searchType=con&cons=GE123456785WW | TNT
Australia Post | auspost | 33ABC1234567 | 33 | https://auspost.com.au/mypost/track/details/33ABC1234567 | Australia Post
StarTrack | star_track_express | ABCZ50001234 | ABCZ | https://startrack.com.au/track/?id=ABCZ50001234 | StarTrack
CouriersPlease | Couriers Please | CPABC0012345 | CP | https://www.couriersplease.com.au/tools-track?no=CPABC0012345 | Couriers Please +
Aramex Australia | Fastway Australia | BN0012345678 | BN | https://www.aramex.com.au/tools/track?l=BN0012345678 | Aramex Australia +
Aramex | aramex | 34567890123 | 3456 | https://www.aramex.com/us/en/track/results?ShipmentNumber=34567890123 | -
Toll IPEC | Toll Priority | 1234567890 | 123 | https://www.mytoll.com/?externalSearchQuery=1234567890&op=Search | Toll IPEC
New Zealand Post | NZ Post | AB473124829NZ | AB473124821NZ | https://www.nzpost.co.nz/tools/tracking?trackid=AB473124829NZ | New Zealand Post
Japan Post | 日本郵便 | EG473124829JP | EG473124822JP | https://trackings.post.japanpost.jp/services/srv/search/direct?reqCodeNo1=EG473124829JP&locale=en | Japan Post (EN)
Yamato Transport | ヤマト運輸 | 123456789013 | 123456789014 | https://jizen.kuronekoyamato.co.jp/jizen/servlet/crjz.b.NQ0010?id=123456789013 | Yamato (EN)
Sagawa Express | sagawa | 398765432100 | 398765432101 | https://k2k.sagawa-exp.co.jp/p/web/okurijosearch.do?okurijoNo=398765432100 | Sagawa (EN)
SF Express | S.F. Express | SF1012345678901 | SF | https://www.sf-express.com/cn/en/dynamic_function/waybill/#search/bill-number/SF1012345678901 | SF Express
China Post | China EMS | LK473124829CN | LK473124823CN | - | China Post
4PX | 4PX Express | 4PX3000123456789CN | 4PX | https://track.4px.com/#/result/0/4PX3000123456789CN | 4PX
YunExpress | Yun Express | YT2312345678901234 | YT | https://www.yuntrack.com/parcelTracking?id=YT2312345678901234 | YunExpress
Singapore Post | SingPost | RR473124829SG | RR473124824SG | - | Singapore Post
NinjaVan | ninja_van | NVSG123456789 | NV | https://www.ninjavan.co/en-sg/tracking?id=NVSG123456789 | NinjaVan
Delhivery | DELHIVERY | 1234567890123 | 123 | https://www.delhivery.com/track/package/1234567890123 | Delhivery +
Blue Dart | BlueDart | 12345678901 | BD | https://www.bluedart.com/trackdartresultthirdparty?trackFor=0&trackNo=12345678901 | Bluedart +
";

/// A row of [`TABLE`].
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) written: &'static str,
    pub(crate) number: &'static str,
    pub(crate) wrong: &'static str,
    pub(crate) page: Option<&'static str>,
    pub(crate) company: &'static str,
    /// Whether some shops know the company, and whether all do.
    pub(crate) listed: (bool, bool),
}

pub(crate) fn rows() -> impl Iterator<Item = Row> {
    TABLE.trim().lines().map(|line| {
        let [name, written, number, wrong, page, company] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let (somewhere, nowhere) = (company.strip_suffix(" +"), company == "-");
        Row {
            name,
            written,
            number,
            wrong,
            page: (page != "-").then_some(page),
            company: if nowhere { name } else { somewhere.unwrap_or(company) },
            listed: (!nowhere, !nowhere && somewhere.is_none()),
        }
    })
}
