//! Delivery status notifications (RFC 3464) in Vietnamese and English. Pure: values in, bytes out; sends nothing.
