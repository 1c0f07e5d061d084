//! Numbers of bytes for people.

/// `1.5 GiB`: powers of 1024, one digit behind the point, rounded down so that nothing is called done before it is.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let (unit, scale) = UNITS
        .iter()
        .zip((1..).map(|power| 1_u64 << (10 * power)))
        .take_while(|(_, scale)| *scale <= count)
        .last()
        .unwrap_or((&UNITS[0], 1024));
    // What is left of a unit is below 2^60, so ten times that fits.
    format!("{}.{} {unit}", count / scale, (count % scale) * 10 / scale)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn numbers_are_told_in_the_unit_that_fits() {
        for (count, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            ((1 << 20) - 1, "1023.9 KiB"),
            (1 << 20, "1.0 MiB"),
            (40 << 30, "40.0 GiB"),
            (u64::MAX, "15.9 EiB"),
        ] {
            assert_eq!(bytes(count), expected);
        }
    }
}
