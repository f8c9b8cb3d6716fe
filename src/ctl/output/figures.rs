//! Figures for people; programs get plain numbers.

use bytesize::ByteSize;

/// A number of bytes, as in `1.2 MiB`.
pub(in crate::ctl) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).to_string()
}

/// So many a second, as in `0.3`.
pub(in crate::ctl) fn rate(per_second: f32) -> String {
    format!("{per_second:.1}")
}

/// A count with separators, as in `1,240`.
pub(in crate::ctl) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1_258_291), "1.2 MiB");
        assert_eq!(rate(0.26), "0.3");
        for (n, text) in [(0, "0"), (999, "999"), (1_240, "1,240"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
    }
}
