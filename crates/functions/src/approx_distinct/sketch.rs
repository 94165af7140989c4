//! One set of values: their hashes while they are few, registers from then on.
//!
//! Which of the two it is depends on the set alone, and so does the count: a set whose parts are few
//! each is many when the union is.

/// So many hashes take half the room of the registers.
const MAX_HASHES: usize = 1024;

/// Bits of a hash that say which register it is for.
const INDEX_BITS: u32 = 14;

const N_REGISTERS: usize = 1 << INDEX_BITS;

/// The greatest value of a register: one more than the bits that are left of a hash.
const MAX_REGISTER: usize = 65 - INDEX_BITS as usize;

/// The hashes that were added.
#[derive(Debug, Clone)]
pub(super) enum Sketch {
    /// All of them, some perhaps twice, in any order.
    Few(Vec<u64>),
    /// The greatest value of each register.
    Many(Box<[u8]>),
}

impl Default for Sketch {
    fn default() -> Sketch {
        Sketch::Few(Vec::new())
    }
}

impl Sketch {
    /// Adds a value by its hash.
    pub(super) fn add(&mut self, hash: u64) {
        match self {
            Sketch::Many(registers) => raise(registers, hash),
            // Rows of one value often follow each other.
            Sketch::Few(hashes) if hashes.last() == Some(&hash) => {}
            Sketch::Few(hashes) => {
                if hashes.len() == hashes.capacity() {
                    self.make_room();
                    return self.add_with_room(hash);
                }
                hashes.push(hash);
            }
        }
    }

    fn add_with_room(&mut self, hash: u64) {
        match self {
            Sketch::Many(registers) => raise(registers, hash),
            Sketch::Few(hashes) => hashes.push(hash),
        }
    }

    /// Removes what is there twice. If half of the room is needed it is doubled, up to that of the
    /// registers.
    #[cold]
    fn make_room(&mut self) {
        self.settle();
        if let Sketch::Few(hashes) = self
            && hashes.len() * 2 >= hashes.capacity()
            && hashes.len() < MAX_HASHES
        {
            let n_wanted = hashes.capacity().max(2) * 2;
            hashes.reserve_exact(n_wanted - hashes.len());
        }
    }

    /// Brings the set to the one form that it has: sorted hashes, each once, or registers.
    fn settle(&mut self) {
        let Sketch::Few(hashes) = self else { return };
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() > MAX_HASHES {
            let mut registers = vec![0; N_REGISTERS].into_boxed_slice();
            hashes.iter().for_each(|hash| raise(&mut registers, *hash));
            *self = Sketch::Many(registers);
        }
    }

    /// The number of values: exact up to 1,024.
    pub(super) fn count(&mut self) -> u64 {
        self.settle();
        match self {
            Sketch::Few(hashes) => hashes.len() as u64,
            Sketch::Many(registers) => estimate(registers),
        }
    }

    /// The set as bytes, little-endian: its hashes, or its registers. Their number tells which.
    pub(super) fn write_bytes(&mut self, bytes: &mut Vec<u8>) {
        self.settle();
        bytes.clear();
        match self {
            Sketch::Few(hashes) => {
                bytes.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
            }
            Sketch::Many(registers) => bytes.extend_from_slice(registers),
        }
    }

    /// Adds the set that [`Sketch::write_bytes`] wrote. `None` when the bytes are no set.
    pub(super) fn add_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        if bytes.len() == N_REGISTERS {
            return self.add_registers(bytes);
        }
        let (hashes, []) = bytes.as_chunks::<8>() else { return None };
        if hashes.len() > MAX_HASHES {
            return None;
        }
        hashes.iter().for_each(|hash| self.add(u64::from_le_bytes(*hash)));
        Some(())
    }

    fn add_registers(&mut self, others: &[u8]) -> Option<()> {
        if others.iter().any(|register| usize::from(*register) > MAX_REGISTER) {
            return None;
        }
        match self {
            Sketch::Many(registers) => {
                let pairs = registers.iter_mut().zip(others);
                pairs.for_each(|(register, other)| *register = (*register).max(*other));
            }
            Sketch::Few(hashes) => {
                let mut registers: Box<[u8]> = others.into();
                hashes.iter().for_each(|hash| raise(&mut registers, *hash));
                *self = Sketch::Many(registers);
            }
        }
        Some(())
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Sketch::Few(hashes) => hashes.capacity() * size_of::<u64>(),
            Sketch::Many(registers) => registers.len(),
        }
    }
}

/// The first bits of the hash are the register, which becomes the place of the first bit set in the
/// others.
fn raise(registers: &mut [u8], hash: u64) {
    let register = &mut registers[(hash >> (64 - INDEX_BITS)) as usize];
    // The guard ends the search where no bit of the hash is left.
    let rest = hash << INDEX_BITS | 1 << (INDEX_BITS - 1);
    *register = (*register).max(rest.leading_zeros() as u8 + 1);
}

/// Ertl 2017, algorithm 6. Only operations whose result IEEE 754 fixes, in a fixed order.
fn estimate(registers: &[u8]) -> u64 {
    let mut n_of = [0_u32; MAX_REGISTER + 1];
    registers.iter().for_each(|register| n_of[usize::from(*register)] += 1);
    let n_registers = N_REGISTERS as f64;
    let mut sum = n_registers * tau(1.0 - f64::from(n_of[MAX_REGISTER]) / n_registers);
    for n in n_of[1..MAX_REGISTER].iter().rev() {
        sum = 0.5 * (sum + f64::from(*n));
    }
    sum += n_registers * sigma(f64::from(n_of[0]) / n_registers);
    let alpha = 0.5 / std::f64::consts::LN_2;
    (alpha * n_registers * n_registers / sum).round() as u64
}

/// Ertl 2017, algorithm 6: what the registers that are still 0 add. `x` is below 1, since there are
/// registers only where there are many values.
fn sigma(mut x: f64) -> f64 {
    let mut y = 1.0;
    let mut sum = x;
    while x < 1.0 {
        x *= x;
        let before = sum;
        sum += x * y;
        y += y;
        if sum == before {
            break;
        }
    }
    sum
}

/// Ertl 2017, algorithm 6: what the registers that are full take away.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let mut y = 1.0;
    let mut sum = 1.0 - x;
    loop {
        x = x.sqrt();
        let before = sum;
        y *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * y;
        if sum == before {
            return sum / 3.0;
        }
    }
}
