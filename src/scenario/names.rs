//! Words that the user wrote, against those that there are.

/// `sentence` as it goes on after a colon; an abbreviation keeps its capitals.
pub(super) fn uncapitalised(sentence: &str) -> String {
    let mut chars = sentence.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(sentence.chars().skip(1)).collect()
        }
        _ => sentence.to_owned(),
    }
}

/// Whether the user may call something `name`.
pub fn is_name(name: &str) -> bool {
    let is_tame = |c: char| c.is_ascii_alphanumeric() || " _.:/+-".contains(c);
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(is_tame)
}

/// The candidate that `found` is a misspelling of: at most two slips away, and not all slips.
pub fn nearest<'k>(found: &str, candidates: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let len = found.chars().count();
    // Nothing that long is a key, and comparing takes time.
    if len > 64 {
        return None;
    }
    let distances = candidates.into_iter().map(|candidate| (strsim::damerau_levenshtein(found, candidate), candidate));
    distances
        .filter(|&(distance, _)| distance <= 2 && distance < len)
        .min_by_key(|&(distance, _)| distance)
        .map(|n| n.1)
}

/// What to do about a word that is none of `known`, which are `what`: the one that was meant, or all.
pub(super) fn suggestion(guess: Option<&str>, what: &str, known: &[&str]) -> String {
    match guess {
        Some(guess) => format!("did you mean `{guess}`?"),
        None if known.is_empty() => format!("there are no {what} here"),
        None => format!("the {what} here are {}", listed(known)),
    }
}

/// At most eight of `names`, in backticks.
pub fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const LISTED: usize = 8;
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", name.as_ref())).collect();
    match names.len().checked_sub(LISTED) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}
