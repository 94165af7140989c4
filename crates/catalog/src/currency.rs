//! How many digits stand behind the point in an amount of money.

use crate::Catalog;

impl Catalog {
    /// The digits behind the point in amounts of the catalog's currency: 2 for most, 0 for yen, 3
    /// for dinars.
    ///
    /// Source: ISO 4217, list one, "Minor unit".
    pub fn currency_digits(&self) -> u8 {
        match self.currency.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF"
            | "UGX" | "UYI" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_currency_has_its_digits() {
        let check = |currency: &str, expected: u8| {
            let catalog = Catalog {
                title: "Shop".into(),
                currency: currency.into(),
                zone: "UTC".into(),
                memory: None,
                tables: Vec::new(),
                dashboards: Vec::new(),
            };
            assert_eq!(catalog.currency_digits(), expected, "{currency}");
        };
        check("EUR", 2);
        check("BRL", 2);
        check("JPY", 0);
        check("KRW", 0);
        check("KWD", 3);
        check("CLF", 4);
    }
}
