//! Every mistake that a configuration can hold, with the words it is told in.

use super::{SOUND, read, told};

/// The account of [`SOUND`], to the head of its route.
const COMPLIANCE: &str = "kind = \"shipcompliant\"\nendpoint = \"https://api.shipcompliant.com\"\nusername = \"crossdock@winery.example\"\npassword = \"file:SECRET\"\n[[routes]]\n";

/// What stands in [`SOUND`], what is written instead, and what is told of it.
const MISTAKES: &[(&str, &str, &[&str])] = &[
    // Keys and tables.
    (
        "listen =",
        "lissten =",
        &["2 server.lissten is not a key of the configuration → did you mean «listen»?"],
    ),
    ("[store]", "[stor]", &["3 stor is not a key of the configuration → did you mean «store»?"]),
    (
        "[store]",
        "[mail]\nhost = \"x\"\n[store]",
        &[
            "3 mail is not a key of the configuration → remove it; known here: admin, connections, engine, exceptions, \
             retention, routes, server, store",
        ],
    ),
    ("[store]", "listen = \"127.0.0.1:1\"\n[store]", &["3 listen is given twice → keep one of the two"]),
    ("[store]", "[server]\n[store]", &["3 server is given twice → keep one of the two"]),
    ("[[routes]]", "[routes]", &["14 routes is a table → make it a list of tables, each under [[routes]]"]),
    (
        "[server]",
        "[admin]\n[server]",
        &["1 admin.token is missing → give the API a bearer token, as env:CROSSDOCK_TOKEN"],
    ),
    // Syntax.
    (
        "\"127.0.0.1:0\"",
        "127.0.0.1:8080",
        &[
            "2 syntax invalid float, expected nothing → correct this line; text stands in quotes, as in name = \"value\"",
        ],
    ),
    (
        "\"compliance\"\n",
        "\"compliance\n",
        &[
            "16 syntax invalid basic string, expected `\"` → correct this line; text stands in quotes, as in name = \
           \"value\"",
        ],
    ),
    // Values of the wrong kind, or out of bounds.
    ("\"127.0.0.1:0\"", "8080", &["2 server.listen is a number → make it text in quotes"]),
    (
        "\"127.0.0.1:0\"",
        "\"localhost\"",
        &["2 server.listen «localhost» is no address → write address and port, as 127.0.0.1:8080"],
    ),
    (
        "[store]",
        "instance = \"a/b\"\n[store]",
        &[
            "3 server.instance is no name for an instance → write 1 to 64 letters, digits and signs other than /, and another for each instance on one store",
        ],
    ),
    ("[store]", "body_limit = \"10 MB\"\n[store]", &["3 server.body_limit is text → make it a whole number"]),
    (
        "[store]",
        "body_limit = 1\n[store]",
        &["3 server.body_limit 1 is out of bounds → choose between 1024 and 1073741824"],
    ),
    (
        "[store]",
        "[engine]\nworkers = 1.5\n[store]",
        &["4 engine.workers is a number with decimals → make it a whole number"],
    ),
    (
        "sqlite:crossdock.db",
        "crossdock.db",
        &[
            "4 store.url is no place to keep things → write sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE, or refer to that as env:NAME",
        ],
    ),
    (
        "methods",
        "placed_since = \"soon\"\nmethods",
        &["17 routes[0].placed_since «soon» is no day → write it as \"2026-12-01\""],
    ),
    ("methods", "skip_test = \"yes\"\nmethods", &["17 routes[0].skip_test is text → make it true or false"]),
    // Connections.
    (
        "[connections.cellar]",
        "[connections.\"Cellar Nine\"]",
        &[
            "5 connections.Cellar Nine has a name that cannot stand in a URL → use lower-case letters, digits, - and _",
            "15 routes[0].from «cellar» is no connection → name one of: Cellar Nine, compliance",
        ],
    ),
    (
        "kind = \"shopify\"\n",
        "",
        &[
            "5 connections.cellar.kind is missing → write kind = \"shopify\", \"shipcompliant\" or \"shiphero\"",
        ],
    ),
    (
        "\"shopify\"",
        "\"shopfy\"",
        &["6 connections.cellar.kind «shopfy» is no kind of system we know → did you mean «shopify»?"],
    ),
    (
        "\"shopify\"",
        "\"magento\"",
        &[
            "6 connections.cellar.kind «magento» is no kind of system we know → choose one of shopify, shipcompliant, shiphero",
        ],
    ),
    (
        "endpoint = \"https://cellar-nine.myshopify.com\"\n",
        "",
        &["5 connections.cellar.endpoint is missing → write endpoint = \"https://SHOP.myshopify.com\""],
    ),
    (
        "https://cellar-nine",
        "cellar-nine",
        &[
            "7 connections.cellar.endpoint «cellar-nine.myshopify.com» is no endpoint → write scheme and host, as \
           https://SHOP.myshopify.com",
        ],
    ),
    (
        "https://api.ship",
        "ftp://api.ship",
        &[
            "11 connections.compliance.endpoint «ftp://api.shipcompliant.com» is no endpoint → write scheme and host, as \
           https://api.shipcompliant.com",
        ],
    ),
    (
        "[connections.compliance]",
        "shop_domain = \"https://cellar\"\n[connections.compliance]",
        &["9 connections.cellar.shop_domain «https://cellar» is no domain → write it as SHOP.myshopify.com"],
    ),
    (
        "[connections.compliance]",
        "api_version = \"latest\"\n[connections.compliance]",
        &["9 connections.cellar.api_version «latest» is no version → write it as 2026-10"],
    ),
    (
        "[connections.compliance]",
        "tell_shipments = \"whole\"\ntell_shipment = \"each\"\n[connections.compliance]",
        &[
            "9 connections.cellar.tell_shipments «whole» is not known → choose one of each, complete",
            "10 connections.cellar.tell_shipment is not a key of the configuration → did you mean «tell_shipments»?",
        ],
    ),
    (
        "[connections.compliance]",
        "client_id = \"x\"\n[connections.compliance]",
        &["5 connections.cellar has only one of client_id and client_secret → give both"],
    ),
    (
        "[connections.compliance]",
        "client_id = \"x\"\naccess_token = \"file:SECRET\"\n[connections.compliance]",
        &[
            "5 connections.cellar has both an access_token and a client_id or client_secret → keep the one the app was \
           given: the token of an app made in the admin, or id and secret of one made elsewhere",
        ],
    ),
    (
        "[[routes]]",
        "order_type = \"Web\"\nlimits = { burst = 0, brst = 1 }\n[[routes]]",
        &[
            "14 connections.compliance.order_type «Web» is not known → choose one of Club, Fax, InPerson, Internet, \
             Mail, Phone",
            "15 connections.compliance.limits.brst is not a key of the configuration → did you mean «burst»?",
            "15 connections.compliance.limits.burst 0 is out of bounds → choose between 1 and 1000000",
        ],
    ),
    (
        "[connections.compliance]",
        "carriers = { \"Joe's Vans\" = \"Other\", \"JOES VANS\" = \"UPS\", Mule = \" \" }\ntracking_urls = { UPS = \
         \"ups.com/{number}\", Mule = \"https://mule.example/\", Van = \"ftp://van.example/{number}\", FedEx = \
         \"https://fedex.example/#{number}\" }\n[connections.compliance]",
        &[
            "9 connections.cellar.carriers contradicts itself: «JOES VANS» is UPS and «Joe's Vans» is Other → keep one of \
             them; case, blanks and punctuation make no difference",
            "9 connections.cellar.carriers «Mule» maps to nothing → give it a carrier's name, or \"Other\"",
            "10 connections.cellar.tracking_urls the page of «Mule» is no address with {number} in it → write it as \
             \"https://HOST/…{number}\"",
            "10 connections.cellar.tracking_urls the page of «UPS» is no address with {number} in it → write it as \
             \"https://HOST/…{number}\"",
            "10 connections.cellar.tracking_urls the page of «Van» is no address with {number} in it → write it as \
             \"https://HOST/…{number}\"",
        ],
    ),
    (
        "[connections.compliance]",
        "[connections.cellar.locations]\nhouse = { Primary = \"17\" }\ncellar = {}\ncompliance = { InHouse = \
         \"106318430514\", Napa = \"gid://shopify/Location/17\", Lodi = \"\", Annex = 17, \" inhouse\" = \"17\", \
         WineShipping = \"17\" }\nclub = \"17\"\n[connections.compliance]",
        &[
            "10 connections.cellar.locations.house «house» is no connection that ships → name one of: compliance",
            "11 connections.cellar.locations.cellar «cellar» is no connection that ships → name one of: compliance",
            "12 connections.cellar.locations.compliance contradicts itself: « inhouse» is 17 and «InHouse» is 106318430514 → \
             keep one of them; case makes no difference",
            "12 connections.cellar.locations.compliance «», for «Lodi», is no location's id → write the number at the end of the \
             location's address in the shop's admin",
            "12 connections.cellar.locations.compliance «gid://shopify/Location/17», for «Napa», is no location's id → write \
             the number at the end of the location's address in the shop's admin",
            "12 connections.cellar.locations.compliance.\"Annex\" is a number → make it text in quotes",
            "13 connections.cellar.locations.club is text → make it a table",
            "13 connections.cellar.locations.club «club» is no connection that ships → name one of: compliance",
        ],
    ),
    // Secrets.
    (
        "[\"file:SECRET\"]",
        "[\"env:CROSSDOCK_NOT_SET\", \"file:/nowhere/at/all\", \"shpss_written\", 7]",
        &[
            "8 connections.cellar.webhook_secrets holds a number → put text in quotes",
            "8 connections.cellar.webhook_secrets the environment variable CROSSDOCK_NOT_SET is not set → set \
             CROSSDOCK_NOT_SET before starting crossdock",
            "8 connections.cellar.webhook_secrets the file /nowhere/at/all cannot be read: No such file or directory \
             (os error 2) → create it, readable for crossdock alone",
            "8 connections.cellar.webhook_secrets is a secret written out → refer to it as env:NAME or file:/path and \
             keep it out of this file",
        ],
    ),
    (
        "[\"file:SECRET\"]",
        "[]",
        &[
            "8 connections.cellar.webhook_secrets holds no secret → write webhook_secrets = [\"env:SHOPIFY_SECRET\"]: \
           the app's client secret",
        ],
    ),
    (
        "[\"file:SECRET\"]",
        "\"file:SECRET\"",
        &["8 connections.cellar.webhook_secrets is text → make it a list of texts in brackets"],
    ),
    (
        "webhook_secrets = [\"file:SECRET\"]\n",
        "",
        &[
            "5 connections.cellar.webhook_secrets is missing → write webhook_secrets = [\"env:SHOPIFY_SECRET\"]: the \
           app's client secret",
        ],
    ),
    (
        "\npassword = \"file:SECRET\"",
        "\npassword = \"Corkscrew1\"",
        &[
            "13 connections.compliance.password is a secret written out → refer to it as env:NAME or file:/path and keep \
           it out of this file",
        ],
    ),
    (
        "\npassword = \"file:SECRET\"",
        "",
        &[
            "9 connections.compliance.password is missing → refer to the web service user's, as env:SHIPCOMPLIANT_USER",
        ],
    ),
    // Customs data.
    (
        "methods",
        "customs = {}\nmethods",
        &[
            "17 routes[0].customs is of no use: «compliance» takes no customs data → give it to the route to the warehouse \
             that ships",
            "17 routes[0].customs.home is missing → name the countries that no customs lie before, as [\"US\"]",
            "17 routes[0].customs.incoterms is missing → choose one of CFR, CIF, CIP, CPT, DAP, DAT, DDP, DDU, DPU, EXW, FAS, \
             FCA, FOB",
        ],
    ),
    (
        COMPLIANCE,
        "kind = \"shiphero\"\nendpoint = \"https://public-api.shiphero.com\"\nrefresh_token = \"file:SECRET\"\n[[routes]]\n\
         customs = { home = [\"USB\"], incoterm = \"DAP\", incoterms = \"DAPP\", products = { PN = { tariff_code = \"22.04\", \
         origin = \"Atlantis\", value = \"-1\" } } }\n",
        &[
            "14 routes[0].customs.home «USB» is no country → write the two letters of ISO 3166, as \"US\"",
            "14 routes[0].customs.incoterm is not a key of the configuration → did you mean «incoterms»?",
            "14 routes[0].customs.incoterms «DAPP» is none of the Incoterms → did you mean «DAP»?",
            "14 routes[0].customs.products.PN.origin «Atlantis» is no country → write the two letters of ISO 3166, as \"US\"",
            "14 routes[0].customs.products.PN.origin is told nobody: it lies with the product at the warehouse, which is not kept \
             → set keep_products = true, or enter it there and remove it here",
            "14 routes[0].customs.products.PN.tariff_code «22.04» is no tariff code → write its 6 to 13 digits, as \"2204.21\"",
            "14 routes[0].customs.products.PN.tariff_code is told nobody: it lies with the product at the warehouse, which is not \
             kept → set keep_products = true, or enter it there and remove it here",
            "14 routes[0].customs.products.PN.value «-1» is no value → write what one unit is worth, as \"18.50\", in the shop's \
             currency",
        ],
    ),
    // Routes.
    (
        "from = \"cellar\"",
        "from = \"celar\"",
        &["15 routes[0].from «celar» is no connection → name one of: cellar, compliance"],
    ),
    (
        "from = \"cellar\"",
        "from = \"compliance\"",
        &["15 routes[0].from «compliance» is not a channel: no orders are born there → name the shop here"],
    ),
    (
        "to = \"compliance\"",
        "to = \"cellar\"",
        &[
            "16 routes[0].to «cellar» is not a destination: orders cannot be sent there → name the system here that \
           orders are sent to",
        ],
    ),
    ("to = \"compliance\"\n", "", &["14 routes[0].to is missing → name a connection: cellar, compliance"]),
    (
        "methods",
        "release = [\"payed\"]\nmethods",
        &[
            "17 routes[0].release «payed» is no payment state → choose from pending, authorized, partially_paid, paid, \
           partially_refunded, refunded, voided, expired",
        ],
    ),
    (
        "\"FXG\"",
        "\"FXG\", \"fedex ground\" = \"UPS\", \"Pigeon\" = \"\", \"Mule\" = 3",
        &[
            "17 routes[0].methods «Pigeon» maps to nothing → give it the destination's service code",
            "17 routes[0].methods contradicts itself: «FedEx Ground» is FXG and «fedex ground» is UPS → keep one of \
             them",
            "17 routes[0].methods.\"Mule\" is a number → make it text in quotes",
        ],
    ),
    (
        "methods",
        "order_key = \"number\"\nlead_days = 400\nskus = { A = { prodct = \"x\" } }\nmethods",
        &[
            "17 routes[0].order_key «number» is not known → choose \"name\" or \"id\"",
            "18 routes[0].lead_days 400 is out of bounds → choose between 0 and 365",
            "19 routes[0].skus.A.prodct is not a key of the configuration → did you mean «product»?",
            "19 routes[0].skus.A.product is missing → write { brand = \"…\", product = \"…\" } as the destination has \
             them",
        ],
    ),
    (
        "methods",
        "fraud_hold = [\"cancel\", \"accept\", \"hide\"]\nedit_window_minutes = 10081\nmethods",
        &[
            "17 routes[0].fraud_hold «accept» is no recommendation that an order could be held for → choose from cancel, \
             investigate, none",
            "17 routes[0].fraud_hold «hide» is no recommendation that an order could be held for → choose from cancel, \
             investigate, none",
            "18 routes[0].edit_window_minutes 10081 is out of bounds → choose between 0 and 10080",
        ],
    ),
    (
        "methods",
        "refunds = \"void\"\nrefunds_since = \"soon\"\nmethods",
        &[
            "17 routes[0].refunds «void» is not known → choose \"by_hand\" or \"negative_order\"",
            "18 routes[0].refunds_since «soon» is no day → write it as \"2026-12-01\"",
        ],
    ),
    (
        "methods",
        "refunds_since = \"2026-12-01\"\nmethods",
        &[
            "17 routes[0].refunds_since is a day from which no refund is entered → add refunds = \"negative_order\", or leave \
             it out",
        ],
    ),
    (
        "[[routes]]\nfrom = \"cellar\"\nto = \"compliance\"",
        "[connections.house]\nkind = \"shiphero\"\nendpoint = \"https://public-api.shiphero.com\"\n\
         refresh_token = \"file:SECRET\"\n[[routes]]\nfrom = \"cellar\"\nto = \"house\"\nrefunds = \"negative_order\"\n\
         ship_in_part = true",
        &[
            "21 routes[0].refunds is for a compliance service's books, and this route leads to a warehouse → set it in the route \
             to the compliance service",
            "22 routes[0].ship_in_part is for whoever judges orders, and this route leads to a warehouse → set it in the route to \
             the compliance service; name that in cleared_by here",
        ],
    ),
    (
        "[connections.compliance]",
        "refused_tag = \"Recheck\"\nrecheck_tag = \"recheck\"\n[connections.compliance]",
        &[
            "10 connections.cellar.recheck_tag is the refused_tag too, and would be taken for somebody's asking → give each a tag \
             of its own",
        ],
    ),
    (
        "methods",
        "bundles = { A = [{ quantity = 0 }], B = 3, C = [] }\nmethods",
        &[
            "17 routes[0].bundles.\"A\"[0].quantity 0 is out of bounds → choose between 1 and 1000",
            "17 routes[0].bundles.\"A\"[0].sku is missing → write { sku = \"…\", quantity = 2 }",
            "17 routes[0].bundles.\"B\" is a number → make it a list of tables",
            "17 routes[0].bundles.\"C\" is an empty list → list what is in it, or remove it",
        ],
    ),
    (
        "methods = { \"FedEx Ground\" = \"FXG\" }",
        "methods = { \"FedEx Ground\" = \"FXG\" }\n[[routes.services]]\nservice = \"FXH\"\ncountries = [\"Germny\", \
         \"Atlantis\", \"us\"]\nexcept_provinces = [\"AK\", \"Texs\", \"ZZ\"]\nmin_value = \"9\"\nmax_value = \"8\"",
        &[
            "19 routes[0].services[0].service «FXH» is no service that methods lead to → did you mean «FXG»?",
            "20 routes[0].services[0].countries «Germny» is no country → did you mean «DE» (Germany)?",
            "20 routes[0].services[0].countries «Atlantis» is no country → write the two letters of ISO 3166, as \"US\"",
            "21 routes[0].services[0].except_provinces «Texs» is no province of US → did you mean «TX» (Texas)?",
            "21 routes[0].services[0].except_provinces «ZZ» is no province of US → write its code of ISO 3166, as \"AK\"",
            "22 routes[0].services[0].min_value is more than max_value → make it less, or give the service two rows",
        ],
    ),
    (
        "methods = { \"FedEx Ground\" = \"FXG\" }",
        "methods = { \"FedEx Ground\" = \"FXG\" }\n[[routes.services]]\nprovinces = [\"AK\"]\nmax_value = \"much\"\n\
         max_weight_grams = 0\n[[routes.services]]\nservice = \"FXG\"\ncountries = [\"US\", \"BR\"]\nprovinces = \
         [\"PR\", \"US-PR\", \"SP\"]\npo_boxes = \"no\"",
        &[
            "18 routes[0].services[0].service is missing → name a service code of methods, or a pattern as \"FX*\"",
            "19 routes[0].services[0].provinces «AK» is a province of no country named here → name its country in \
             countries",
            "20 routes[0].services[0].max_value «much» is no amount → write it as \"5000\" or \"99.50\", in the shop's \
             currency",
            "21 routes[0].services[0].max_weight_grams 0 is out of bounds → choose between 1 and 100000000",
            "25 routes[0].services[1].provinces «PR» is a province of US and of BR → write «US-PR» or «BR-PR»",
            "26 routes[0].services[1].po_boxes is text → make it true or false",
        ],
    ),
    (
        "[store]",
        "[retention]\ndeliveries_days = 29\nattempts_days = 6\ntimeline_days = \"ever\"\nbodies_days = 1\n[store]",
        &[
            "4 retention.deliveries_days 29 is out of bounds → choose between 30 and 3650",
            "5 retention.attempts_days 6 is out of bounds → choose between 7 and 3650",
            "6 retention.timeline_days is text → make it a whole number",
            "7 retention.bodies_days is not a key of the configuration → remove it; known here: attempts_days, deliveries_days, \
             timeline_days",
        ],
    ),
    (
        "[store]",
        "[exceptions]\nwithin_minutes = 0\n[exceptions.by_code.return_needded]\nowner = 7\n\
         [exceptions.by_code.flood]\n[store]",
        &[
            "4 exceptions.within_minutes 0 is out of bounds → choose between 1 and 40320",
            "5 exceptions.by_code.return_needded is no code of an exception → did you mean «return_needed»?",
            "6 exceptions.by_code.return_needded.owner is a number → make it text in quotes",
            "7 exceptions.by_code.flood is no code of an exception → take one from the list in the README",
        ],
    ),
    (
        "kind = \"shopify\"",
        "kind = \"shopify\"\nstate_metafield = \"crossdock\"\nwrite_note = \"yes\"",
        &[
            "7 connections.cellar.state_metafield «crossdock» names no metafield → write it as crossdock.state: a \
             namespace of 3 to 255 and a key of 2 to 64 letters, digits, - or _",
            "8 connections.cellar.write_note is text → make it true or false",
        ],
    ),
    (
        "[[routes]]",
        "[[routes]]\nfrom = \"cellar\"\nto = \"compliance\"\n[[routes]]",
        &[
            "17 routes[1] contradicts routes[0]: both send «cellar» to «compliance» → keep one of routes[0] and \
           routes[1]: an order has one copy at a destination",
        ],
    ),
    (
        "[[routes]]",
        "[connections.club]\nkind = \"shopify\"\nendpoint = \"https://club.myshopify.com\"\nwebhook_secrets = \
         [\"file:SECRET\"]\n[[routes]]\nfrom = \"club\"\nto = \"compliance\"\n[[routes]]",
        &["21 routes[1] contradicts routes[0]: orders of «club» and «cellar» with one name get one key at \
           «compliance» → give each a key_prefix of its own, or set order_key = \"id\""],
    ),
];

#[test]
fn each_mistake_is_told_with_its_line_and_its_mend() {
    for (old, new, expected) in MISTAKES {
        assert!(SOUND.contains(old), "{old:?} is not there to be changed");
        let problems = read(&SOUND.replacen(old, new, 1), &[]).expect_err(new);
        assert_eq!(told(&problems), *expected, "{old:?} → {new:?}");
    }
    let problems = read("", &[]).unwrap_err();
    let nothing = "1 connections holds no connection → add a table [connections.NAME] for the shop and for each destination";
    assert_eq!(told(&problems), [nothing]);
}
