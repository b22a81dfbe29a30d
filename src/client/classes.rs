//! Lists of classes, for what is for some of them only.

/// Whether `names` list the class called `class`: by its name, or by that of the source whose class it is. Without a list
/// all are meant.
pub fn lists(names: &Option<Vec<String>>, class: &str) -> bool {
    let source = class.split('/').next().unwrap_or(class);
    names.as_ref().is_none_or(|names| names.iter().any(|name| name == class || name == source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_stands_for_its_classes() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert!(lists(&None, "chat") && lists(&names(&["chat"]), "chat") && lists(&names(&["chat"]), "chat/long"));
        assert!(lists(&names(&["other", "chat/long"]), "chat/long") && !lists(&names(&["chat/long"]), "chat/short"));
        assert!(!lists(&names(&["chat/long"]), "chat") && !lists(&names(&["cha"]), "chat"));
    }
}
