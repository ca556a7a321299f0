//! Random numbers and walks; the same seed gives the same data everywhere.

/// A small generator of random numbers (xorshift with a multiplication at the end).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// Starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// At least 0 and below 1, with a random mantissa.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Nearly normal: mean 0, deviation 1.
    pub fn normal(&mut self) -> f64 {
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        (sum - 2.0) * 3f64.sqrt()
    }

    /// `n` steps of a walk, rounded to `decimals`.
    pub fn walk(&mut self, start: f64, sigma: f64, decimals: i32, n: usize) -> Vec<f64> {
        let scale = 10f64.powi(decimals);
        let mut at = start;
        (0..n)
            .map(|_| {
                at += sigma * self.normal();
                (at * scale).round() / scale
            })
            .collect()
    }

    /// Which of `n` rows have a value: a tenth have none, half of those one by one and half in runs of 50.
    pub fn presence(&mut self, n: usize) -> Vec<bool> {
        let mut out: Vec<bool> = (0..n).map(|_| self.below(20) != 0).collect();
        for _ in 0..n / 1000 {
            let from = self.below(n as u64) as usize;
            out.iter_mut().skip(from).take(50).for_each(|p| *p = false);
        }
        out
    }
}
