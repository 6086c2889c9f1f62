//! `${NAME}` in URLs and headers: the value comes from the environment, and no message ever shows it.

/// Looks a variable up.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Puts the variables' values in the place of `${NAME}`. `Err` is the rule that was broken, without any value.
pub(super) fn expand(text: &str, env: Env<'_>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        expanded.push_str(before);
        let (name, after) = behind.split_once('}').ok_or("has a `${` without its `}`")?;
        if !is_name(name) {
            return Err(format!("has `${{{name}}}`, which must name a variable of letters, digits and `_`"));
        }
        // Values from files tend to end in a line end.
        let value = env(name).ok_or_else(|| format!("needs the environment variable `{name}`, which is not set"))?;
        expanded.push_str(value.trim_end());
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Whether a text takes anything from the environment.
pub(super) fn names_variable(text: &str) -> bool {
    text.contains("${")
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn variables_are_put_in_and_missing_ones_are_named() {
        let env = |name: &str| (name == "KEY").then(|| "s3cret\n".to_owned());
        for (text, wanted) in [
            ("https://a.example/?k=${KEY}&x=${KEY}", Ok("https://a.example/?k=s3cret&x=s3cret")),
            ("plain $KEY {KEY}", Ok("plain $KEY {KEY}")),
            ("${OTHER}", Err("needs the environment variable `OTHER`, which is not set")),
            ("${KEY", Err("has a `${` without its `}`")),
            ("${}", Err("has `${}`, which must name a variable of letters, digits and `_`")),
            ("${A B}", Err("has `${A B}`, which must name a variable of letters, digits and `_`")),
        ] {
            assert_eq!(expand(text, &env), wanted.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
