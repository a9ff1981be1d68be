//! The inputs that are taken, by the names the vendor's schema gives them; the notation is `schema`'s.

pub(super) const TYPES: &[(&str, &str)] = &[
    (
        "UpdateInventoryInput",
        "customer_account_id sku:String! warehouse_id:String! quantity:Int! reason location_id",
    ),
    (
        "ReplaceInventoryInput",
        "customer_account_id sku:String! warehouse_id:String! quantity:Int! reason location_id \
         includes_non_sellable:Boolean",
    ),
    (
        "CreateOrderInput",
        "customer_account_id order_number partner_order_id shop_name fulfillment_status order_date:ISODateTime \
         total_tax subtotal total_discounts total_price box_name currency ready_to_ship:Boolean \
         insurance_amount:Decimal shipping_lines:CreateShippingLinesInput \
         shipping_address:CreateOrderAddressInput! billing_address:CreateOrderAddressInput from_name \
         note_attributes:[OrderNoteAttributeInput] tags:[String] line_items:[CreateLineItemInput] gift_note \
         gift_invoice:Boolean require_signature:Boolean adult_signature_required:Boolean alcohol:Boolean \
         insurance:Boolean allow_partial:Boolean allow_split:Boolean custom_invoice_url email profile \
         packing_note required_ship_date:ISODateTime auto_print_return_label:Boolean hold_until_date:ISODateTime \
         incoterms tax_id tax_type flagged:Boolean saturday_delivery:Boolean \
         ignore_address_validation_errors:Boolean skip_address_validation:Boolean priority_flag:Boolean \
         allocation_priority:Int holds:HoldsInput dry_ice_weight_in_lbs ftr_exemption:Decimal \
         address_is_business:Boolean",
    ),
    ("ChangeOrderWarehouseInput", "customer_account_id order_id:String! warehouse_id:String!"),
    (
        "CancelOrderInput",
        "customer_account_id order_id:String! reason void_on_platform:Boolean force:Boolean",
    ),
    (
        "UpdateOrderFulfillmentStatusInput",
        "customer_account_id order_id:String! fulfillment_status:String! remove_inventory:Boolean reason \
         void_on_platform:Boolean",
    ),
    ("AddLineItemsInput", "customer_account_id order_id:String! line_items:[CreateLineItemInput]!"),
    ("RemoveLineItemsInput", "customer_account_id order_id:String! line_item_ids:[String]"),
    ("UpdateLineItemsInput", "customer_account_id order_id:String! line_items:[UpdateLineItemInput]"),
    ("UpdateTagsInput", "customer_account_id order_id:String! tags:[String]"),
    ("UpdateOrderInputBase", "customer_account_id order_id:String!"),
    ("AddHistoryInput", "customer_account_id order_id:String! history_entry:UserNoteInput"),
    (
        "UpdateOrderInput",
        "customer_account_id order_id:String! order_number partner_order_id fulfillment_status \
         order_date:ISODateTime total_tax subtotal total_discounts total_price box_name ready_to_ship:Boolean \
         insurance_amount:Decimal required_ship_date:ISODateTime allocation_priority:Int \
         shipping_lines:CreateShippingLinesInput shipping_address:CreateOrderAddressInput \
         billing_address:CreateOrderAddressInput profile packing_note note_attributes:[OrderNoteAttributeInput] \
         tags:[String] gift_note gift_invoice:Boolean require_signature:Boolean adult_signature_required:Boolean \
         alcohol:Boolean insurance:Boolean allow_partial:Boolean allow_split:Boolean priority_flag:Boolean \
         hold_until_date:ISODateTime incoterms tax_id tax_type history_entry:UserNoteInput \
         ignore_address_validation_errors:Boolean skip_address_validation:Boolean custom_invoice_url \
         auto_print_return_label:Boolean dry_ice_weight_in_lbs ftr_exemption:Decimal address_is_business:Boolean",
    ),
    (
        "UpdateOrderHoldsInput",
        "customer_account_id order_id:String! payment_hold:Boolean operator_hold:Boolean fraud_hold:Boolean \
         address_hold:Boolean client_hold:Boolean",
    ),
    (
        "CreateProductInput",
        "customer_account_id name:String! sku:String! price value \
         warehouse_products:[CreateWarehouseProductInput]! barcode country_of_manufacture \
         dimensions:DimensionsInput tariff_code product_note kit:Boolean kit_build:Boolean no_air:Boolean \
         final_sale:Boolean customs_value customs_description not_owned:Boolean ignore_on_customs:Boolean \
         ignore_on_invoice:Boolean dropship:Boolean needs_serial_number:Boolean virtual:Boolean \
         needs_lot_tracking:Boolean images:[CreateProductImageInput] tags:[String] \
         vendors:[CreateProductVendorInput] packer_note cases:[CreateProductCaseInput]",
    ),
    (
        "UpdateProductInput",
        "customer_account_id sku:String! name dimensions:DimensionsInput tariff_code product_note \
         country_of_manufacture needs_serial_number:Boolean dropship:Boolean barcode customs_description \
         ignore_on_customs:Boolean ignore_on_invoice:Boolean tags:[String] vendors:[UpdateProductVendorInput] \
         final_sale:Boolean virtual:Boolean needs_lot_tracking:Boolean images:[UpdateProductImageInput] \
         packer_note cases:[UpdateProductCaseInput]",
    ),
    (
        "CreateShipmentInput",
        "customer_account_id order_id:String! warehouse_id:String! address:AddressInput! \
         line_items:[CreateShipmentLineItemInput]! labels:[CreateShipmentShippingLabelInput] \
         notify_customer_via_shiphero:Boolean notify_customer_via_store:Boolean shipped_off_shiphero:Boolean \
         profile",
    ),
    (
        "CreateShippingLabelInput",
        "customer_account_id carrier:String! shipping_name:String! shipping_method:String! cost:String! \
         address:AddressInput! dimensions:DimensionsInput! label:CreateLabelResourceInput! \
         line_item_ids:[String]! tracking_number shipment_id:String!",
    ),
    ("CreateWebhookInput", "customer_account_id name:String! url:String! shop_name"),
    ("DeleteWebhookInput", "customer_account_id name:String! shop_name"),
    ("CreateShippingLinesInput", "title:String! price:String! carrier method"),
    (
        "CreateOrderAddressInput",
        "first_name last_name company address1 address2 city state state_code zip country country_code email \
         phone",
    ),
    ("OrderNoteAttributeInput", "name value"),
    (
        "CreateLineItemInput",
        "sku:String! partner_line_item_id:String! quantity:Int! price:String! product_name option_title \
         fulfillment_status quantity_pending_fulfillment:Int custom_options:GenericScalar custom_barcode \
         eligible_for_return:Boolean customs_value barcode warehouse_id",
    ),
    (
        "HoldsInput",
        "payment_hold:Boolean operator_hold:Boolean fraud_hold:Boolean address_hold:Boolean client_hold:Boolean",
    ),
    (
        "UpdateLineItemInput",
        "id:String! partner_line_item_id quantity:Int price product_name option_title fulfillment_status \
         quantity_pending_fulfillment:Int custom_options:GenericScalar custom_barcode eligible_for_return:Boolean \
         customs_value warehouse_id barcode",
    ),
    ("UserNoteInput", "source message"),
    (
        "CreateWarehouseProductInput",
        "warehouse_id:String! on_hand:Int! inventory_bin inventory_overstock_bin reserve_inventory:Int \
         replenishment_level:Int replenishment_max_level:Int replenishment_increment:Int reorder_level:Int \
         reorder_amount:Int custom:Boolean warehouse value value_currency price",
    ),
    ("DimensionsInput", "weight height width length"),
    ("CreateProductImageInput", "src:String! position:Int"),
    ("CreateProductVendorInput", "vendor_id:String! vendor_sku:String! price"),
    ("CreateProductCaseInput", "case_barcode:String! case_quantity:Int!"),
    ("UpdateProductVendorInput", "customer_account_id vendor_id:String! vendor_sku price"),
    ("UpdateProductImageInput", "src:String! position:Int"),
    ("UpdateProductCaseInput", "case_barcode:String! case_quantity:Int!"),
    ("AddressInput", "name address1 address2 city state country zip phone"),
    ("CreateShipmentLineItemInput", "line_item_id:String! quantity:Int!"),
    (
        "CreateShipmentShippingLabelInput",
        "carrier:String! shipping_name:String! shipping_method:String! cost:String! address:AddressInput! \
         dimensions:DimensionsInput! label:CreateLabelResourceInput! line_item_ids:[String]! tracking_number \
         tracking_url",
    ),
    ("CreateLabelResourceInput", "paper_pdf_location thermal_pdf_location pdf_location image_location"),
];
