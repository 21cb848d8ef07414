//! Random text, from the random source of the operating system.

use ld_config::Zeroizing;

/// A key has so many characters. As each is one of 62, that is more than 190 random bits.
const KEY_CHARACTERS: usize = 32;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key of SSE-C: 32 letters and digits, which JSON and UTF-8 leave as they are.
pub(super) fn random_key() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut key = Zeroizing::new(String::with_capacity(KEY_CHARACTERS));
    let mut bytes = Zeroizing::new([0; 2 * KEY_CHARACTERS]);
    while key.len() < KEY_CHARACTERS {
        getrandom::fill(&mut *bytes)?;
        // The bytes above the last multiple of 62 would prefer some characters.
        let even = bytes.iter().filter(|byte| **byte < 248).map(|byte| usize::from(byte % 62));
        let missing = KEY_CHARACTERS - key.len();
        even.take(missing).for_each(|index| key.push(char::from(ALPHABET[index])));
    }
    Ok(key)
}

/// A part of a name that no other version has.
pub(super) fn random_name() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(crate::hex::hex(&bytes))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn keys_have_32_letters_and_digits_and_use_all_of_them() {
        let keys: HashSet<_> = (0..1_000).map(|_| random_key().unwrap().to_string()).collect();
        assert_eq!(keys.len(), 1_000);
        assert!(keys.iter().all(|key| key.len() == 32));
        let used: HashSet<_> = keys.iter().flat_map(|key| key.bytes()).collect();
        assert_eq!(used, ALPHABET.iter().copied().collect());
    }
}
