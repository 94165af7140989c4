//! What is on sale: categories, sellers, products, SKUs, and how popular each product is.

use super::calendar::{DAY_US, NOW_US};
use super::random::{Odds, Stream, Topic};
use super::vocabulary::{CITIES, City, LAST_NAMES, ROOTS, Root, SERIES, SHOP_WORDS, Variants};
use super::{FIRST_DAY, Plan};

/// Midnight at the start of the first day.
const FIRST_US: i64 = FIRST_DAY as i64 * DAY_US;

/// How many products are drawn before the demand of the season is ignored.
const MAX_DRAWS: usize = 32;

/// A node of the category tree. Its position is its id less one.
pub(super) struct Category {
    pub(super) parent_id: Option<u64>,
    pub(super) level: i64,
    pub(super) name: &'static str,
    pub(super) path: String,
}

/// A seller. Its position is its id less one.
pub(super) struct Seller {
    pub(super) name: String,
    pub(super) city: &'static City,
    /// Hundredths of a percent.
    pub(super) commission_bp: i64,
    pub(super) status: &'static str,
    pub(super) created_us: i64,
}

/// A product. Its position is its id less one.
pub(super) struct Product {
    pub(super) seller_idx: usize,
    /// Of level 3.
    pub(super) category_id: u64,
    pub(super) root: &'static Root,
    pub(super) brand: &'static str,
    /// No other product has it.
    pub(super) name: String,
    pub(super) list_price_cents: i64,
    pub(super) weight_g: i64,
    pub(super) created_us: i64,
    /// The position of its first SKU; the others follow.
    pub(super) first_sku_idx: usize,
    pub(super) n_skus: usize,
}

/// A variant of a product. Its position is its id less one.
pub(super) struct Sku {
    pub(super) product_idx: usize,
    pub(super) variant: &'static str,
    pub(super) price_cents: i64,
    pub(super) cost_cents: i64,
}

/// Everything that is on sale.
pub(super) struct Assortment {
    pub(super) categories: Vec<Category>,
    pub(super) sellers: Vec<Seller>,
    pub(super) products: Vec<Product>,
    pub(super) skus: Vec<Sku>,
    /// The positions of the products, the most popular first.
    by_popularity: Vec<usize>,
    popularity: Odds,
}

impl Assortment {
    pub(super) fn new(plan: &Plan) -> Assortment {
        let (categories, shelves) = categories();
        let sellers = sellers(plan);
        let (products, skus) = products(plan, &sellers, &shelves);
        let mut by_popularity: Vec<usize> = (0..products.len()).collect();
        Stream::new(plan.seed(), Topic::Products, 1).shuffle(&mut by_popularity);
        let popularity = Odds::zipf(products.len() as u64, 6);
        Assortment { categories, sellers, products, skus, by_popularity, popularity }
    }

    /// The position of a product that is on sale at `time_us`, as its popularity and the season
    /// have it.
    pub(super) fn draw_product(&self, time_us: i64, month0: usize, stream: &mut Stream) -> usize {
        let mut launched = 0;
        for _ in 0..MAX_DRAWS {
            let idx = self.by_popularity[self.popularity.draw(stream)];
            let product = &self.products[idx];
            if product.created_us > time_us {
                continue;
            }
            launched = idx;
            if stream.below(200) < product.root.season[month0] {
                break;
            }
        }
        launched
    }

    /// The position of one of the product's SKUs; the first ones sell best.
    pub(super) fn draw_sku(&self, product_idx: usize, stream: &mut Stream) -> usize {
        let product = &self.products[product_idx];
        let offset = stream.position(product.n_skus).min(stream.position(product.n_skus));
        product.first_sku_idx + offset
    }
}

/// A category of level 3 with the brands of its root.
struct Shelf {
    category_id: u64,
    root: &'static Root,
    leaf: &'static super::vocabulary::Leaf,
}

fn categories() -> (Vec<Category>, Vec<Shelf>) {
    let mut categories = Vec::new();
    let mut shelves = Vec::new();
    for root in &ROOTS {
        let root_id = categories.len() as u64 + 1;
        categories.push(Category {
            parent_id: None,
            level: 1,
            name: root.name,
            path: root.name.to_owned(),
        });
        for mid in root.mids {
            let mid_id = categories.len() as u64 + 1;
            let path = format!("{} > {}", root.name, mid.name);
            let parent_id = Some(root_id);
            categories.push(Category { parent_id, level: 2, name: mid.name, path: path.clone() });
            for leaf in mid.leaves {
                let path = format!("{path} > {}", leaf.name);
                let parent_id = Some(mid_id);
                categories.push(Category { parent_id, level: 3, name: leaf.name, path });
                shelves.push(Shelf { category_id: categories.len() as u64, root, leaf });
            }
        }
    }
    (categories, shelves)
}

fn sellers(plan: &Plan) -> Vec<Seller> {
    let n_sellers = plan.n(50);
    let mut stream = Stream::new(plan.seed(), Topic::Sellers, 0);
    let city_odds = Odds::new(CITIES.iter().map(|city| city.share));
    let n_names = (LAST_NAMES.len() * SHOP_WORDS.len()) as u64;
    let names = Permutation::new(n_names, &mut stream);
    (0..n_sellers)
        .map(|idx| {
            let (number, generation) = (names.at(idx % n_names) as usize, idx / n_names);
            let (last, word) = (number % LAST_NAMES.len(), number / LAST_NAMES.len());
            let mut name = format!("{} {}", LAST_NAMES[last], SHOP_WORDS[word]);
            if generation > 0 {
                name = format!("{name} {}", generation + 1);
            }
            // Two thirds were there before the first day, the others joined in the first 20 months.
            let days = if stream.permille(670) || idx == 0 {
                -stream.between(1, 1000)
            } else {
                stream.between(1, 600)
            };
            Seller {
                name,
                city: &CITIES[city_odds.draw(&mut stream)],
                commission_bp: 800 + 50 * stream.between(0, 20),
                status: if stream.permille(970) { "active" } else { "suspended" },
                created_us: FIRST_US + days * DAY_US,
            }
        })
        .collect()
}

fn products(plan: &Plan, sellers: &[Seller], shelves: &[Shelf]) -> (Vec<Product>, Vec<Sku>) {
    let n_products = plan.n(200);
    let mut stream = Stream::new(plan.seed(), Topic::Products, 0);
    let shelf_odds = Odds::new(shelves.iter().map(|shelf| shelf.leaf.share));
    let seller_odds = Odds::zipf(sellers.len() as u64, 4);
    let mut names: Vec<ShelfNames> =
        shelves.iter().map(|shelf| ShelfNames::new(shelf, &mut stream)).collect();
    let mut products: Vec<Product> = Vec::with_capacity(n_products as usize);
    let mut skus = Vec::with_capacity(3 * n_products as usize);
    for idx in 0..n_products {
        let shelf_idx = shelf_odds.draw(&mut stream);
        let Shelf { category_id, root, leaf } = &shelves[shelf_idx];
        let (brand, name) = names[shelf_idx].next(&shelves[shelf_idx]);
        // The first product is on sale from the first day, so that every draw finds one.
        let seller_idx = if idx == 0 { 0 } else { seller_odds.draw(&mut stream) };
        let seller = &sellers[seller_idx];
        let days = if stream.permille(700) || idx == 0 {
            -stream.between(1, 700)
        } else {
            stream.between(1, 690)
        };
        let created_us = (FIRST_US + days * DAY_US).max(seller.created_us + DAY_US);
        let list_price_cents = price_cents(leaf.price, &mut stream);
        let product = Product {
            seller_idx,
            category_id: *category_id,
            root,
            brand,
            name,
            list_price_cents,
            weight_g: stream.between(leaf.weight_g.0, leaf.weight_g.1),
            created_us: if idx == 0 { FIRST_US } else { created_us.min(NOW_US - 30 * DAY_US) },
            first_sku_idx: skus.len(),
            n_skus: 1 + stream.weighted(&[15, 20, 30, 20, 15]),
        };
        push_skus(&product, idx as usize, leaf.variants, &mut skus, &mut stream);
        products.push(product);
    }
    (products, skus)
}

fn push_skus(
    product: &Product,
    product_idx: usize,
    variants: Variants,
    skus: &mut Vec<Sku>,
    stream: &mut Stream,
) {
    let (labels, price_pct) = (variants.labels(), variants.price_pct());
    let cost_pct = stream.between(45, 72);
    for idx in 0..product.n_skus {
        let price_cents = product.list_price_cents * price_pct[idx] / 100;
        skus.push(Sku {
            product_idx,
            variant: labels[idx],
            price_cents,
            cost_cents: price_cents * cost_pct / 100,
        });
    }
}

/// A price within whole units `low..=high`, more often low, that ends as prices do.
fn price_cents((low, high): (i64, i64), stream: &mut Stream) -> i64 {
    let skew = stream.between(0, 1000);
    let units = low + (high - low) * skew * skew / 1_000_000;
    units * 100 + [99, 99, 99, 95, 49, 0][stream.weighted(&[1; 6])]
}

/// The names of the products of one category, each only once.
struct ShelfNames {
    order: Permutation,
    n_taken: u64,
}

impl ShelfNames {
    fn new(shelf: &Shelf, stream: &mut Stream) -> ShelfNames {
        let n = shelf.root.brands.len() * SERIES.len() * shelf.leaf.nouns.len();
        ShelfNames { order: Permutation::new(n as u64, stream), n_taken: 0 }
    }

    /// Brand and name of the next product.
    fn next(&mut self, shelf: &Shelf) -> (&'static str, String) {
        let (brands, nouns) = (shelf.root.brands, shelf.leaf.nouns);
        let generation = self.n_taken / self.order.n + 1;
        let number = self.order.at(self.n_taken % self.order.n) as usize;
        self.n_taken += 1;
        let brand = brands[number % brands.len()];
        let noun = nouns[number / brands.len() % nouns.len()];
        let series = SERIES[number / brands.len() / nouns.len() % SERIES.len()];
        let name = match generation {
            1 => format!("{brand} {series} {noun}"),
            _ => format!("{brand} {series} {noun} Gen {generation}"),
        };
        (brand, name)
    }
}

/// A fixed order of the numbers below `n` that looks random.
struct Permutation {
    n: u64,
    factor: u64,
    offset: u64,
}

impl Permutation {
    fn new(n: u64, stream: &mut Stream) -> Permutation {
        let offset = stream.below(n);
        // A factor without common divisor makes `x * factor + offset` modulo n a permutation.
        let mut factor = n / 3 + stream.below(n / 3);
        while gcd(factor, n) != 1 {
            factor += 1;
        }
        Permutation { n, factor, offset }
    }

    fn at(&self, position: u64) -> u64 {
        (position * self.factor + self.offset) % self.n
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn product_names_are_unique_even_when_the_words_run_out() {
        let assortment = Assortment::new(&Plan::new(400, 7).unwrap());
        let products = &assortment.products;
        let names: BTreeSet<&str> = products.iter().map(|product| product.name.as_str()).collect();
        assert_eq!(names.len(), products.len());
        assert!(names.iter().any(|name| name.ends_with("Gen 2")));
        let sellers: BTreeSet<&str> = assortment.sellers.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(sellers.len(), assortment.sellers.len());
    }

    #[test]
    fn a_child_names_its_parent() {
        let (categories, shelves) = categories();
        for category in &categories {
            let Some(parent_id) = category.parent_id else { continue };
            let parent = &categories[parent_id as usize - 1];
            assert_eq!(parent.level + 1, category.level);
            assert_eq!(format!("{} > {}", parent.path, category.name), category.path);
        }
        assert!(shelves.iter().all(|s| categories[s.category_id as usize - 1].level == 3));
    }
}
