//! The words of the marketplace: categories and what is sold in them, brands, people, places.
//! Brands and people are invented.

use Variants::{Binding, Color, Pack, Shoe, Size, Storage, Volume};

/// A category of level 1.
pub(super) struct Root {
    pub(super) name: &'static str,
    pub(super) brands: &'static [&'static str],
    /// Demand from January to December, 100 is usual and 200 the most.
    pub(super) season: [u64; 12],
    pub(super) mids: &'static [Mid],
}

/// A category of level 2.
pub(super) struct Mid {
    pub(super) name: &'static str,
    pub(super) leaves: &'static [Leaf],
}

/// A category of level 3, the one that products lie in.
pub(super) struct Leaf {
    pub(super) name: &'static str,
    /// What is sold, in the singular; no two leaves share a noun.
    pub(super) nouns: &'static [&'static str],
    /// Whole units of the currency, cheapest and dearest.
    pub(super) price: (i64, i64),
    pub(super) weight_g: (i64, i64),
    pub(super) variants: Variants,
    /// How many products lie here, relative to other leaves.
    pub(super) share: u64,
}

/// How the SKUs of a product differ.
#[derive(Clone, Copy)]
pub(super) enum Variants {
    Color,
    Size,
    Shoe,
    Storage,
    Volume,
    Pack,
    Binding,
}

impl Variants {
    /// Five labels.
    pub(super) fn labels(self) -> [&'static str; 5] {
        match self {
            Variants::Color => ["Black", "White", "Navy", "Sand", "Forest"],
            Variants::Size => ["M", "L", "S", "XL", "XXL"],
            Variants::Shoe => ["US 9", "US 10", "US 8", "US 11", "US 7"],
            Variants::Storage => ["128 GB", "256 GB", "512 GB", "1 TB", "2 TB"],
            Variants::Volume => ["50 ml", "100 ml", "150 ml", "200 ml", "300 ml"],
            Variants::Pack => ["Single", "2-Pack", "3-Pack", "4-Pack", "6-Pack"],
            Variants::Binding => ["Paperback", "Hardcover", "Large Print", "Box Set", "Leather"],
        }
    }

    /// The price of each label as a percentage of the product's list price.
    pub(super) fn price_pct(self) -> [i64; 5] {
        match self {
            Variants::Color | Variants::Size | Variants::Shoe => [100; 5],
            Variants::Storage => [100, 115, 135, 165, 210],
            Variants::Volume => [100, 160, 210, 255, 340],
            Variants::Pack => [100, 188, 270, 350, 500],
            Variants::Binding => [100, 165, 140, 310, 420],
        }
    }
}

const fn leaf(
    name: &'static str,
    nouns: &'static [&'static str],
    price: (i64, i64),
    weight_g: (i64, i64),
    variants: Variants,
    share: u64,
) -> Leaf {
    Leaf { name, nouns, price, weight_g, variants, share }
}

/// The category tree. One line a leaf, since it is a table.
#[rustfmt::skip]
pub(super) const ROOTS: [Root; 10] = [
    Root {
        name: "Electronics",
        brands: &["Nordvik", "Halcyon", "Ostra", "Lumenta", "Kestrel", "Arcwave", "Voltera"],
        season: [90, 85, 90, 90, 95, 95, 95, 100, 105, 110, 160, 170],
        mids: &[
            Mid { name: "Audio", leaves: &[
                leaf("Headphones", &["Wireless Headphones", "Studio Headphones", "Earbuds"], (29, 349), (60, 400), Color, 9),
                leaf("Speakers", &["Bluetooth Speaker", "Soundbar", "Shelf Speaker"], (35, 420), (500, 6000), Color, 6),
            ] },
            Mid { name: "Phones & Tablets", leaves: &[
                leaf("Smartphones", &["Smartphone", "Folding Phone"], (219, 949), (160, 260), Storage, 6),
                leaf("Tablets", &["Tablet", "E-Reader"], (99, 699), (200, 700), Storage, 4),
                leaf("Phone Accessories", &["Phone Case", "Wireless Charger", "Power Bank"], (12, 69), (40, 350), Color, 9),
            ] },
            Mid { name: "Computers", leaves: &[
                leaf("Laptops", &["Laptop", "Convertible Laptop"], (449, 1499), (1100, 2400), Storage, 4),
                leaf("Peripherals", &["Mechanical Keyboard", "Wireless Mouse", "Webcam"], (19, 179), (90, 1200), Color, 7),
            ] },
            Mid { name: "Wearables", leaves: &[
                leaf("Smartwatches", &["Smartwatch", "Fitness Tracker"], (49, 399), (30, 90), Color, 6),
            ] },
        ],
    },
    Root {
        name: "Home & Kitchen",
        brands: &[
            "Hearthside",
            "Brightmoor",
            "Casa Linde",
            "Oakwell",
            "Terracotta Lane",
            "Fjordhus",
        ],
        season: [100, 95, 95, 95, 105, 95, 90, 95, 105, 110, 135, 150],
        mids: &[
            Mid { name: "Kitchen", leaves: &[
                leaf("Cookware", &["Cast Iron Skillet", "Saucepan Set", "Dutch Oven"], (24, 189), (900, 6500), Color, 7),
                leaf("Coffee & Tea", &["Pour-Over Set", "Espresso Machine", "Electric Kettle"], (22, 429), (500, 8000), Color, 7),
                leaf("Small Appliances", &["Stand Mixer", "Air Fryer", "Blender"], (39, 299), (1800, 9000), Color, 6),
            ] },
            Mid { name: "Bed & Bath", leaves: &[
                leaf("Bedding", &["Duvet Cover", "Linen Sheet Set", "Down Pillow"], (29, 199), (700, 3000), Color, 6),
                leaf("Towels", &["Bath Towel", "Waffle Robe"], (15, 89), (400, 1500), Pack, 4),
            ] },
            Mid { name: "Decor", leaves: &[
                leaf("Lighting", &["Table Lamp", "Pendant Light", "Floor Lamp"], (25, 229), (800, 5500), Color, 5),
                leaf("Candles", &["Soy Candle", "Reed Diffuser"], (12, 59), (250, 900), Pack, 5),
            ] },
        ],
    },
    Root {
        name: "Fashion",
        brands: &["Maribel & Sons", "Northline", "Atelier Sol", "Paperplane", "Calder", "Weft"],
        season: [95, 90, 105, 110, 110, 105, 95, 95, 115, 115, 125, 130],
        mids: &[
            Mid { name: "Clothing", leaves: &[
                leaf("Tops", &["Cotton T-Shirt", "Oxford Shirt", "Merino Sweater"], (15, 119), (150, 550), Size, 11),
                leaf("Bottoms", &["Selvedge Jeans", "Chino Trousers", "Pleated Skirt"], (29, 139), (300, 800), Size, 8),
                leaf("Outerwear", &["Rain Jacket", "Wool Coat", "Quilted Vest"], (59, 289), (500, 1800), Size, 6),
            ] },
            Mid { name: "Shoes", leaves: &[
                leaf("Sneakers", &["Canvas Sneaker", "Leather Sneaker"], (39, 159), (600, 1100), Shoe, 8),
                leaf("Boots", &["Chelsea Boot", "Hiking Boot"], (69, 229), (900, 1700), Shoe, 4),
            ] },
            Mid { name: "Bags & Accessories", leaves: &[
                leaf("Backpacks", &["Roll-Top Backpack", "Weekender Bag"], (35, 189), (600, 1600), Color, 5),
                leaf("Sunglasses", &["Round Sunglasses", "Aviator Sunglasses"], (19, 149), (30, 60), Color, 4),
            ] },
        ],
    },
    Root {
        name: "Beauty",
        brands: &["Solenne", "Botanica Row", "Purelle", "Mistral", "Amberglow"],
        season: [95, 110, 100, 100, 115, 100, 95, 95, 100, 100, 125, 145],
        mids: &[
            Mid { name: "Skin Care", leaves: &[
                leaf("Moisturizers", &["Day Cream", "Night Cream", "Body Lotion"], (9, 69), (80, 450), Volume, 8),
                leaf("Serums", &["Vitamin C Serum", "Hyaluronic Serum"], (14, 89), (60, 150), Volume, 6),
            ] },
            Mid { name: "Fragrance", leaves: &[
                leaf("Perfume", &["Eau de Parfum", "Eau de Toilette"], (35, 129), (180, 400), Volume, 5),
            ] },
            Mid { name: "Hair Care", leaves: &[
                leaf("Shampoo", &["Repair Shampoo", "Hair Mask"], (7, 35), (250, 600), Volume, 6),
            ] },
        ],
    },
    Root {
        name: "Sports & Outdoors",
        brands: &["Ridgeway", "Summit & Co", "Aquaterra", "Ironleaf", "Trailhead"],
        season: [125, 105, 110, 115, 125, 125, 120, 110, 95, 90, 95, 105],
        mids: &[
            Mid { name: "Fitness", leaves: &[
                leaf("Weights", &["Adjustable Dumbbell", "Kettlebell"], (25, 249), (4000, 20000), Color, 4),
                leaf("Yoga", &["Yoga Mat", "Foam Roller"], (15, 89), (500, 2500), Color, 6),
            ] },
            Mid { name: "Camping", leaves: &[
                leaf("Tents", &["Two-Person Tent", "Family Tent"], (89, 449), (1800, 9000), Color, 3),
                leaf("Camp Gear", &["Sleeping Bag", "Camp Stove", "Headlamp"], (18, 199), (90, 2500), Color, 5),
            ] },
            Mid { name: "Cycling", leaves: &[
                leaf("Bike Accessories", &["Bike Light Set", "Bike Helmet", "Floor Pump"], (15, 139), (120, 1800), Color, 5),
            ] },
        ],
    },
    Root {
        name: "Toys & Games",
        brands: &["Tinkerbox", "Little Fern", "Puzzlewood", "Rocketbird"],
        season: [70, 70, 80, 85, 85, 90, 90, 85, 85, 100, 170, 200],
        mids: &[
            Mid { name: "Building Toys", leaves: &[
                leaf("Building Sets", &["Marble Run", "Brick Castle", "Train Set"], (19, 149), (500, 3500), Color, 6),
            ] },
            Mid { name: "Board Games", leaves: &[
                leaf("Family Games", &["Strategy Game", "Party Game", "Card Game"], (12, 69), (200, 1800), Pack, 6),
                leaf("Puzzles", &["1000-Piece Puzzle", "Wooden Puzzle"], (12, 49), (400, 1100), Pack, 5),
            ] },
            Mid { name: "Plush & Dolls", leaves: &[
                leaf("Plush", &["Plush Bear", "Plush Fox"], (11, 59), (150, 800), Color, 5),
            ] },
        ],
    },
    Root {
        name: "Books",
        brands: &["Larkspur Press", "Blue Anchor", "Quill House", "Meridian Books"],
        season: [105, 95, 95, 95, 95, 105, 110, 105, 105, 100, 120, 150],
        mids: &[
            Mid { name: "Fiction", leaves: &[
                leaf("Novels", &["Lighthouse Novel", "Island Novel", "Winter Novel"], (8, 29), (200, 700), Binding, 8),
                leaf("Crime & Thriller", &["Harbor Mystery", "Midnight Thriller"], (8, 27), (200, 650), Binding, 6),
            ] },
            Mid { name: "Non-Fiction", leaves: &[
                leaf("Cookbooks", &["Baking Book", "Vegetable Cookbook"], (15, 45), (500, 1500), Binding, 5),
                leaf("Travel", &["City Guide", "Hiking Atlas"], (11, 39), (250, 900), Binding, 4),
            ] },
        ],
    },
    Root {
        name: "Grocery",
        brands: &["Fieldgate", "Mill & Meadow", "Olivar", "Sugarpine"],
        season: [105, 100, 100, 100, 100, 95, 95, 95, 100, 105, 115, 135],
        mids: &[
            Mid { name: "Beverages", leaves: &[
                leaf("Coffee Beans", &["Espresso Beans", "Filter Roast"], (9, 34), (250, 1100), Pack, 7),
                leaf("Tea", &["Green Tea", "Earl Grey"], (6, 24), (80, 300), Pack, 5),
            ] },
            Mid { name: "Pantry", leaves: &[
                leaf("Oils & Vinegar", &["Olive Oil", "Balsamic Vinegar"], (8, 42), (500, 1400), Pack, 5),
                leaf("Snacks", &["Dark Chocolate", "Trail Mix", "Sea Salt Crackers"], (4, 22), (90, 600), Pack, 8),
            ] },
        ],
    },
    Root {
        name: "Garden & Tools",
        brands: &["Greenwold", "Stonecroft", "Hammer & Vale", "Fernhill"],
        season: [70, 80, 130, 170, 180, 150, 125, 105, 95, 80, 75, 80],
        mids: &[
            Mid { name: "Garden", leaves: &[
                leaf("Planters", &["Terracotta Planter", "Raised Bed"], (14, 129), (900, 9000), Color, 5),
                leaf("Garden Tools", &["Pruning Shears", "Garden Hose", "Hand Trowel"], (9, 89), (200, 4000), Color, 5),
            ] },
            Mid { name: "Power Tools", leaves: &[
                leaf("Drills", &["Cordless Drill", "Impact Driver"], (49, 249), (1200, 3200), Color, 4),
            ] },
        ],
    },
    Root {
        name: "Baby & Pets",
        brands: &["Pawsome Oak", "Cuddlewick", "Brook & Bramble", "Nestling"],
        season: [100, 95, 100, 100, 105, 100, 100, 100, 100, 100, 110, 120],
        mids: &[
            Mid { name: "Baby", leaves: &[
                leaf("Baby Gear", &["Baby Carrier", "Stroller Blanket", "Baby Monitor"], (19, 199), (200, 2200), Color, 5),
                leaf("Feeding", &["Bottle Set", "Silicone Bib"], (8, 49), (80, 600), Pack, 4),
            ] },
            Mid { name: "Pets", leaves: &[
                leaf("Dogs", &["Dog Bed", "Dog Harness", "Chew Toy"], (9, 119), (100, 3500), Size, 6),
                leaf("Cats", &["Scratching Post", "Cat Fountain"], (15, 119), (600, 6000), Color, 5),
            ] },
        ],
    },
];

/// The second word of a product's name.
pub(super) const SERIES: [&str; 40] = [
    "Aero", "Alba", "Alto", "Atlas", "Aurora", "Basin", "Birch", "Cedar", "Cove", "Delta", "Drift",
    "Echo", "Ember", "Flint", "Glade", "Grove", "Harbor", "Haven", "Indigo", "Juno", "Kite",
    "Lark", "Lumen", "Luna", "Maple", "Mesa", "Nimbus", "Nova", "Onyx", "Orbit", "Pine", "Prime",
    "Quartz", "Reef", "Sierra", "Slate", "Sonder", "Terra", "Vela", "Willow",
];

/// First names.
pub(super) const FIRST_NAMES: [&str; 40] = [
    "Ada", "Amir", "Ana", "Ben", "Carla", "Chen", "Dana", "David", "Elena", "Emma", "Farid",
    "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jack", "Jonas", "Julia", "Kai", "Lara", "Leo",
    "Lucy", "Marco", "Maya", "Mia", "Nadia", "Noah", "Nora", "Omar", "Paul", "Priya", "Rosa",
    "Ruth", "Sam", "Sofia", "Theo", "Tom", "Vera", "Yuki",
];

/// Last names.
pub(super) const LAST_NAMES: [&str; 48] = [
    "Abbott", "Almeida", "Bauer", "Bennett", "Brandt", "Carter", "Castillo", "Cohen", "Costa",
    "Dawson", "Diaz", "Dubois", "Ellis", "Ferrari", "Fischer", "Foster", "Garcia", "Gupta",
    "Hansen", "Hayes", "Ito", "Jensen", "Kaya", "Keller", "Khan", "Kim", "Larsen", "Lopez",
    "Marsh", "Mehta", "Moreau", "Murphy", "Nakamura", "Novak", "Okafor", "Olsen", "Park", "Patel",
    "Reyes", "Rossi", "Santos", "Schmidt", "Silva", "Tanaka", "Vargas", "Walsh", "Wang", "Young",
];

/// The last word of a seller's name.
pub(super) const SHOP_WORDS: [&str; 12] = [
    "Trading",
    "Supply Co",
    "Goods",
    "Outlet",
    "Direct",
    "Market",
    "Collective",
    "Depot",
    "Merchants",
    "Store",
    "Provisions",
    "Works",
];

/// A city that people live in.
pub(super) struct City {
    pub(super) name: &'static str,
    pub(super) state: &'static str,
    /// The position in [`WAREHOUSES`] of the nearest one.
    pub(super) warehouse_idx: usize,
    /// How many live there, relative to other cities.
    pub(super) share: u64,
}

const fn city(name: &'static str, state: &'static str, warehouse_idx: usize, share: u64) -> City {
    City { name, state, warehouse_idx, share }
}

/// Where customers and sellers live.
#[rustfmt::skip]
pub(super) const CITIES: [City; 24] = [
    city("New York", "NY", 0, 84),
    city("Los Angeles", "CA", 4, 39),
    city("Chicago", "IL", 2, 27),
    city("Houston", "TX", 3, 23),
    city("Phoenix", "AZ", 4, 16),
    city("Philadelphia", "PA", 0, 16),
    city("San Antonio", "TX", 3, 14),
    city("San Diego", "CA", 4, 14),
    city("Dallas", "TX", 3, 13),
    city("Austin", "TX", 3, 10),
    city("Jacksonville", "FL", 1, 9),
    city("Columbus", "OH", 2, 9),
    city("Charlotte", "NC", 1, 9),
    city("Indianapolis", "IN", 2, 9),
    city("Seattle", "WA", 4, 8),
    city("Denver", "CO", 3, 7),
    city("Boston", "MA", 0, 7),
    city("Nashville", "TN", 1, 7),
    city("Detroit", "MI", 2, 6),
    city("Portland", "OR", 4, 6),
    city("Miami", "FL", 1, 5),
    city("Atlanta", "GA", 1, 5),
    city("Minneapolis", "MN", 2, 4),
    city("Pittsburgh", "PA", 0, 3),
];

/// A warehouse.
pub(super) struct Warehouse {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    /// Units at scale 1.
    pub(super) capacity_units: i64,
    /// Days since 1970-01-01.
    pub(super) opened_on: i32,
}

/// The five warehouses.
#[rustfmt::skip]
pub(super) const WAREHOUSES: [Warehouse; 5] = [
    Warehouse { code: "EWR1", name: "Newark", city: "Newark", state: "NJ", capacity_units: 40_000, opened_on: 17_532, },
    Warehouse { code: "ATL1", name: "Atlanta South", city: "Union City", state: "GA", capacity_units: 30_000, opened_on: 17_897, },
    Warehouse { code: "ORD1", name: "Chicago West", city: "Joliet", state: "IL", capacity_units: 35_000, opened_on: 18_262, },
    Warehouse { code: "DFW1", name: "Dallas North", city: "Fort Worth", state: "TX", capacity_units: 30_000, opened_on: 18_628, },
    Warehouse { code: "RNO1", name: "Reno", city: "Sparks", state: "NV", capacity_units: 25_000, opened_on: 18_993, },
];

/// Who carries the parcels.
pub(super) const CARRIERS: [&str; 4] = ["Swiftpost", "Bluebird", "Cargolane", "Parcelo"];

/// What customers write, from one star to five.
pub(super) const COMMENTS: [[&str; 3]; 5] = [
    ["Broke within a week.", "Not as described.", "Arrived damaged."],
    ["Expected better quality.", "Took far too long.", "Does not fit as stated."],
    ["It is all right.", "Average for the price.", "Works, but nothing special."],
    ["Good value.", "Works as expected.", "Happy with it, slow delivery."],
    ["Excellent, would buy again.", "Better than expected.", "Perfect, thank you!"],
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_in_the_tree_are_unique() {
        let mids = || ROOTS.iter().flat_map(|root| root.mids);
        let leaves = || mids().flat_map(|mid| mid.leaves);
        let check = |names: Vec<&str>| {
            assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
        };
        check(mids().map(|mid| mid.name).collect());
        check(leaves().map(|leaf| leaf.name).collect());
        check(leaves().flat_map(|leaf| leaf.nouns.iter().copied()).collect());
        check(SERIES.to_vec());
        ROOTS.iter().for_each(|root| assert!(root.season.iter().all(|s| (50..=200).contains(s))));
    }
}
