//! The exponential function as plain arithmetic: equal on every platform, and a loop over it becomes vector code.

/// `e^x` to about one unit in the last place, for `x` in -700..=700; outside it clamps to the ends.
///
/// The argument is split into `k·ln 2 + r` with `|r| <= ln 2 / 2` (Cody and Waite's two-part constant); `e^r` is the
/// Taylor polynomial of degree 13, and `k` goes into the exponent bits.
#[inline]
pub fn exp(x: f64) -> f64 {
    const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    /// Adding this leaves a whole number in the low bits of the mantissa.
    const SHIFTER: f64 = 6_755_399_441_055_744.0; // 1.5 * 2^52
    /// 1/13!, 1/12!, …, 1/1!, 1/0!.
    const TERMS: [f64; 14] = [
        1.605_904_383_682_161_3e-10,
        2.087_675_698_786_81e-9,
        2.505_210_838_544_172e-8,
        2.755_731_922_398_589e-7,
        2.755_731_922_398_589e-6,
        2.480_158_730_158_73e-5,
        1.984_126_984_126_984e-4,
        1.388_888_888_888_889e-3,
        8.333_333_333_333_333e-3,
        4.166_666_666_666_666_4e-2,
        1.666_666_666_666_666_6e-1,
        0.5,
        1.0,
        1.0,
    ];
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + SHIFTER;
    let k = shifted - SHIFTER;
    let r = x - k * LN_2_HIGH - k * LN_2_LOW;
    let polynomial = TERMS.iter().fold(0.0, |sum, term| sum * r + term);
    f64::from_bits(polynomial.to_bits().wrapping_add(shifted.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn within_two_units_in_the_last_place_of_libm() {
        for step in -70_000..=70_000 {
            let x = f64::from(step) * 0.01 * 0.999_7;
            let (ours, theirs) = (exp(x), libm::exp(x));
            assert!((ours / theirs - 1.0).abs() < 4.5e-16, "exp({x}): {ours} for {theirs}");
        }
    }

    #[test]
    fn clamped_where_the_result_would_not_be_a_number() {
        assert_eq!(exp(1e308), exp(700.0));
        assert_eq!(exp(f64::NEG_INFINITY), exp(-700.0));
        assert!(exp(700.0).is_finite() && exp(-700.0) > 0.0);
    }
}
