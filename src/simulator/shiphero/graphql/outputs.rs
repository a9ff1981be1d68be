//! The object types that are served, by the names the vendor's schema gives them; the notation is `schema`'s.
//!
//! Not served, and so undefined here: returns, bills, purchase orders, inventory sync and snapshots, vendors, kits,
//! totes as such, invoices, shipping plans, attachments.

pub(super) const TYPES: &[(&str, &str)] = &[
    (
        "Query",
        "account(analyze:Boolean):AccountQueryResult me(analyze:Boolean):CurrentUserQueryResult \
         uuid(legacy_id:Int! entity:EntityType! analyze:Boolean):LegacyIdQueryResult \
         order(id:String! analyze:Boolean):OrderQueryResult \
         orders(shop_name partner_order_id order_number warehouse_id allocated_warehouse_id \
         fulfillment_status sku email updated_from:ISODateTime updated_to:ISODateTime \
         order_date_from:ISODateTime order_date_to:ISODateTime customer_account_id has_hold:Boolean \
         operator_hold:Boolean address_hold:Boolean payment_hold:Boolean fraud_hold:Boolean \
         ready_to_ship:Boolean profile tag has_backorder:Boolean analyze:Boolean):OrdersQueryResult \
         order_history(order_id user_id order_number username date_from:Date date_to:Date \
         analyze:Boolean):OrderHistoryQueryResult \
         product(id sku analyze:Boolean):ProductQueryResult \
         products(sku created_from:ISODateTime created_to:ISODateTime updated_from:ISODateTime \
         updated_to:ISODateTime customer_account_id has_kits:Boolean analyze:Boolean):ProductsQueryResult \
         warehouse_products(warehouse_id active:Boolean sku customer_account_id created_from:ISODateTime \
         created_to:ISODateTime updated_from:ISODateTime updated_to:ISODateTime \
         analyze:Boolean):WarehouseProductsQueryResult \
         shipment(id analyze:Boolean):ShipmentQueryResult \
         shipments(order_id date_from:ISODateTime date_to:ISODateTime order_date_from:ISODateTime \
         order_date_to:ISODateTime tracking_number alternate_tracking_id voided:Boolean \
         analyze:Boolean):ShipmentsQueryResult \
         user_quota:UserQuota webhooks(customer_account_id analyze:Boolean):WebhooksQueryResult",
    ),
    ("AccountQueryResult", "request_id complexity:Int data:Account"),
    ("CurrentUserQueryResult", "request_id complexity:Int data:User"),
    ("LegacyIdQueryResult", "request_id complexity:Int data:LegacyId"),
    ("OrderQueryResult", "request_id complexity:Int data:Order"),
    ("OrdersQueryResult", "request_id complexity:Int data(@page):OrderConnection"),
    ("OrderHistoryQueryResult", "request_id complexity:Int data(@page):OrderHistoryConnection"),
    ("ProductQueryResult", "request_id complexity:Int data:Product"),
    ("ProductsQueryResult", "request_id complexity:Int data(@page):ProductConnection"),
    ("WarehouseProductsQueryResult", "request_id complexity:Int data(@page):WarehouseProductConnection"),
    ("ShipmentQueryResult", "request_id complexity:Int data:Shipment"),
    (
        "ShipmentsQueryResult",
        "request_id complexity:Int \
         data(sort search:GenericScalar before after first:Int last:Int):ShipmentConnection",
    ),
    (
        "UserQuota",
        "is_expired:Boolean expiration_date:ISODateTime time_remaining credits_remaining:Int max_available:Int \
         increment_rate:Int",
    ),
    ("WebhooksQueryResult", "request_id complexity:Int data(@page):WebhookConnection"),
    (
        "Account",
        "id legacy_id:Int email username status dynamic_slotting:Boolean is_multi_warehouse:Boolean \
         is_3pl:Boolean cycle_count_enabled:Boolean ship_backorders:Boolean warehouses:[Warehouse]",
    ),
    ("User", "id legacy_id:Int email first_name last_name account:Account"),
    ("LegacyId", "legacy_id:Int id"),
    (
        "Order",
        "id legacy_id:Int order_number partner_order_id shop_name fulfillment_status order_date:ISODateTime \
         total_tax subtotal total_discounts total_price box_name ready_to_ship:Boolean \
         auto_print_return_label:Boolean custom_invoice_url account_id updated_at:ISODateTime email profile \
         gift_note packing_note required_ship_date:ISODateTime shipping_lines:ShippingLines \
         shipping_address:OrderAddress billing_address:OrderAddress tags:[String] \
         line_items(sort search:GenericScalar before after first:Int last:Int):LineItemQuerySpecConnection \
         authorizations:[Authorization] holds:OrderHolds shipments:[Shipment] flagged:Boolean \
         saturday_delivery:Boolean ignore_address_validation_errors:Boolean skip_address_validation:Boolean \
         priority_flag:Boolean allocation_priority:Int allocations:[OrderWarehouseAllocation] source \
         third_party_shipper:OrderThirdPartyShipper gift_invoice:Boolean allow_partial:Boolean \
         require_signature:Boolean adult_signature_required:Boolean alcohol:Boolean expected_weight_in_oz \
         insurance:Boolean insurance_amount currency has_dry_ice:Boolean allow_split:Boolean \
         hold_until_date:ISODateTime incoterms tax_id tax_type dry_ice_weight_in_lbs ftr_exemption:Decimal \
         address_is_business:Boolean order_history:[OrderHistory] merged_orders:[MergedOrder]",
    ),
    ("OrderConnection", "pageInfo:PageInfo! edges:[OrderEdge]!"),
    ("OrderHistoryConnection", "pageInfo:PageInfo! edges:[OrderHistoryEdge]!"),
    (
        "Product",
        "id legacy_id:Int account_id name sku price value value_currency barcode country_of_manufacture \
         dimensions:Dimensions tariff_code kit:Boolean kit_build:Boolean no_air:Boolean final_sale:Boolean \
         customs_value customs_description not_owned:Boolean dropship:Boolean needs_serial_number:Boolean \
         thumbnail large_thumbnail created_at:ISODateTime updated_at:ISODateTime product_note virtual:Boolean \
         ignore_on_invoice:Boolean ignore_on_customs:Boolean active:Boolean needs_lot_tracking:Boolean \
         warehouse_products:[WarehouseProduct] images:[ProductImage] tags:[String] vendors:[ProductVendor] \
         components:[Product] kit_components:[KitComponent] cases:[Case] packer_note",
    ),
    ("ProductConnection", "pageInfo:PageInfo! edges:[ProductEdge]!"),
    ("WarehouseProductConnection", "pageInfo:PageInfo! edges:[WarehouseProductEdge]!"),
    (
        "Shipment",
        "id legacy_id:Int order_id user_id warehouse_id pending_shipment_id address:Address profile \
         picked_up:Boolean needs_refund:Boolean refunded:Boolean delivered:Boolean dropshipment:Boolean \
         shipped_off_shiphero:Boolean completed:Boolean created_date:ISODateTime \
         line_items(@page):ShipmentLineItemConnection shipping_labels:[ShippingLabel] warehouse:Warehouse \
         order:Order total_packages:Int",
    ),
    ("ShipmentConnection", "pageInfo:PageInfo! edges:[ShipmentEdge]! total_count:Int"),
    ("WebhookConnection", "pageInfo:PageInfo! edges:[WebhookEdge]!"),
    (
        "Warehouse",
        "id legacy_id:Int account_id identifier dynamic_slotting:Boolean invoice_email phone_number profile \
         address:Address return_address:Address company_name company_alias products(@page):ProductConnection",
    ),
    ("ShippingLines", "title carrier method price"),
    (
        "OrderAddress",
        "first_name last_name company address1 address2 city state state_code zip country country_code email \
         phone",
    ),
    ("LineItemQuerySpecConnection", "pageInfo:PageInfo! edges:[LineItemQuerySpecEdge]! total_count:Int"),
    (
        "Authorization",
        "transaction_id authorized_amount postauthed_amount refunded_amount card_type date:ISODateTime",
    ),
    (
        "OrderHolds",
        "fraud_hold:Boolean address_hold:Boolean shipping_method_hold:Boolean operator_hold:Boolean \
         payment_hold:Boolean client_hold:Boolean",
    ),
    (
        "OrderWarehouseAllocation",
        "order_id warehouse_id allocated_at:ISODateTime allocation_reference ready_to_ship:Boolean \
         line_items:[OrderLineItemAllocation] is_locked:Boolean",
    ),
    ("OrderThirdPartyShipper", "account_number zip country"),
    (
        "OrderHistory",
        "id legacy_id:Int order_id user_id account_id username order_number information created_at:ISODateTime \
         order:Order",
    ),
    ("MergedOrder", "order_id is_master:Boolean"),
    ("PageInfo", "hasNextPage:Boolean! hasPreviousPage:Boolean! startCursor endCursor"),
    ("OrderEdge", "node:Order cursor:String!"),
    ("OrderHistoryEdge", "node:OrderHistory cursor:String!"),
    ("Dimensions", "weight height width length"),
    (
        "WarehouseProduct",
        "id legacy_id:Int account_id sku warehouse_id warehouse_identifier price value value_currency on_hand:Int \
         inventory_bin inventory_overstock_bin reserve_inventory:Int replenishment_level:Int reorder_amount:Int \
         reorder_level:Int backorder:Int allocated:Int available:Int non_sellable_quantity:Int in_tote:Int \
         custom:Boolean customs_value created_at:ISODateTime updated_at:ISODateTime sell_ahead:Int active:Boolean \
         warehouse:Warehouse product:Product",
    ),
    ("ProductImage", "src position:Int"),
    ("ProductVendor", "vendor_id vendor_sku price"),
    ("KitComponent", "id legacy_id:Int account_id sku quantity:Int"),
    ("Case", "id legacy_id:Int case_barcode case_quantity:Int"),
    ("ProductEdge", "node:Product cursor:String!"),
    ("WarehouseProductEdge", "node:WarehouseProduct cursor:String!"),
    ("Address", "name address1 address2 city state country zip phone"),
    ("ShipmentLineItemConnection", "pageInfo:PageInfo! edges:[ShipmentLineItemEdge]!"),
    (
        "ShippingLabel",
        "id legacy_id:Int account_id shipment_id order_id box_id box_name status tracking_number \
         alternate_tracking_id order_number order_account_id carrier shipping_name shipping_method cost box_code \
         device_id delivered:Boolean picked_up:Boolean refunded:Boolean needs_refund:Boolean profile \
         partner_fulfillment_id full_size_to_print packing_slip warehouse warehouse_id insurance_amount \
         carrier_account_id source created_date:ISODateTime tracking_url dimensions:Dimensions \
         label:LabelResource address:Address order:Order shipment_line_items(@page):ShipmentLineItemConnection \
         package_number:Int parcelview_url tracking_status in_shipping_container:Boolean \
         last_mile_labels:LastMileLabel",
    ),
    ("ShipmentEdge", "node:Shipment cursor:String!"),
    ("WebhookEdge", "node:Webhook cursor:String!"),
    ("LineItemQuerySpecEdge", "node:LineItem cursor:String!"),
    (
        "OrderLineItemAllocation",
        "order_id warehouse_id allocated_at:ISODateTime line_item_id sku quantity_allocated:Int \
         is_kit_component:Boolean allocation_reference",
    ),
    ("ShipmentLineItemEdge", "node:ShipmentLineItem cursor:String!"),
    ("LabelResource", "pdf_location paper_pdf_location thermal_pdf_location image_location"),
    ("LastMileLabel", "id legacy_id:Int shipping_carrier shipping_method tracking_number tracking_url"),
    ("Webhook", "id legacy_id:Int account_id shop_name name url source shared_signature_secret"),
    (
        "LineItem",
        "id legacy_id:Int sku partner_line_item_id product_id quantity:Int price product_name option_title \
         fulfillment_status quantity_pending_fulfillment:Int quantity_shipped:Int warehouse \
         quantity_allocated:Int backorder_quantity:Int custom_options:GenericScalar custom_barcode \
         eligible_for_return:Boolean customs_value warehouse_id locked_to_warehouse_id subtotal barcode \
         created_at:ISODateTime updated_at:ISODateTime order_id shipped_line_item_lots:[ShippedLineItemLot] \
         serial_numbers:[LineItemSerialNumber] promotion_discount product:Product tote_picks:[TotePick]",
    ),
    (
        "ShipmentLineItem",
        "id legacy_id:Int line_item_id shipment_id shipping_label_id quantity:Int line_item:LineItem",
    ),
    ("ShippedLineItemLot", "id legacy_id:Int line_item_id lot_id lot_name lot_expiration_date:ISODateTime"),
    (
        "LineItemSerialNumber",
        "id legacy_id:Int line_item_id serial_number scanned:Boolean created_at:ISODateTime \
         updated_at:ISODateTime",
    ),
    (
        "TotePick",
        "id legacy_id:Int sku created_at:ISODateTime updated_at:ISODateTime tote_id current:Int \
         picked_quantity:Int quantity:Int inventory_bin line_item:LineItem deducted:Boolean",
    ),
    (
        "Mutation",
        "inventory_add(data:UpdateInventoryInput!):UpdateInventoryOutput \
         inventory_remove(data:UpdateInventoryInput!):UpdateInventoryOutput \
         inventory_subtract(data:UpdateInventoryInput!):UpdateInventoryOutput \
         inventory_replace(data:ReplaceInventoryInput!):UpdateInventoryOutput \
         order_create(data:CreateOrderInput!):OrderMutationOutput \
         order_change_warehouse(data:ChangeOrderWarehouseInput!):OrderMutationOutput \
         order_cancel(data:CancelOrderInput!):OrderMutationOutput \
         order_update_fulfillment_status(data:UpdateOrderFulfillmentStatusInput!):OrderMutationOutput \
         order_add_line_items(data:AddLineItemsInput!):OrderMutationOutput \
         order_remove_line_items(data:RemoveLineItemsInput!):OrderMutationOutput \
         order_update_line_items(data:UpdateLineItemsInput!):OrderMutationOutput \
         order_update_tags(data:UpdateTagsInput!):OrderMutationOutput \
         order_add_tags(data:UpdateTagsInput!):OrderMutationOutput \
         order_clear_tags(data:UpdateOrderInputBase!):OrderMutationOutput \
         order_add_history_entry(data:AddHistoryInput!):OrderMutationOutput \
         order_update(data:UpdateOrderInput!):OrderMutationOutput \
         order_update_holds(data:UpdateOrderHoldsInput!):OrderMutationOutput \
         product_create(data:CreateProductInput!):CreateProductOutput \
         product_update(data:UpdateProductInput!):ProductMutationOutput \
         shipment_create(data:CreateShipmentInput!):CreateShipmentOutput \
         shipment_create_shipping_label(data:CreateShippingLabelInput!):CreateShippingLabelOutput \
         webhook_create(data:CreateWebhookInput!):CreateWebhookOutput \
         webhook_delete(data:DeleteWebhookInput!):MutationOutput",
    ),
    ("UpdateInventoryOutput", "request_id complexity:Int warehouse_product:WarehouseProduct"),
    ("OrderMutationOutput", "request_id complexity:Int order:Order"),
    ("CreateProductOutput", "request_id complexity:Int product:Product"),
    ("ProductMutationOutput", "request_id complexity:Int product:Product"),
    ("CreateShipmentOutput", "request_id complexity:Int shipment:Shipment"),
    ("CreateShippingLabelOutput", "request_id complexity:Int shipping_label:ShippingLabel"),
    ("CreateWebhookOutput", "request_id complexity:Int webhook:Webhook"),
    ("MutationOutput", "request_id complexity:Int"),
];
