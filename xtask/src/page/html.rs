//! The page's document as Trunk writes it, made fit for a strict content security policy: nothing
//! inline. It knows no more of HTML than the tags it looks for.

use anyhow::bail;

/// A document whose inline scripts were taken out.
pub struct Document {
    /// The text, each inline script replaced by [`placeholder`].
    pub html: String,
    /// The scripts' texts, in order.
    pub scripts: Vec<String>,
}

/// The path that stands for the script of that number until its name is known.
pub fn placeholder(idx: usize) -> String {
    format!("start{idx}.js")
}

/// The name of the one style sheet that [`join_styles`] leaves.
pub const STYLE: &str = "style.css";

/// Replaces all links to style sheets by one to [`STYLE`], in the place of the first; returns the
/// document and the names of the sheets, in order. One request is sooner answered than many.
///
/// # Errors
/// When a link is not closed or has no `href`.
pub fn join_styles(html: &str) -> anyhow::Result<(String, Vec<String>)> {
    let (mut joined, mut names) = (String::new(), Vec::new());
    let mut rest = html;
    while let Some(start) = rest.find(r#"<link rel="stylesheet""#) {
        let (before, from) = rest.split_at(start);
        let Some((tag, after)) = from.split_once('>') else {
            bail!("index.html: a link is not closed");
        };
        let href = tag.split_once("href=\"").and_then(|(_, href)| href.split('"').next());
        let Some(href) = href else { bail!("index.html: {tag}> has no href") };
        joined.push_str(if names.is_empty() { before } else { before.trim_end() });
        if names.is_empty() {
            joined.push_str(&format!(r#"<link rel="stylesheet" href="/{STYLE}">"#));
        }
        names.push(href.trim_start_matches("./").trim_start_matches('/').to_owned());
        rest = after;
    }
    joined.push_str(rest);
    Ok((joined, names))
}

/// Takes the inline module scripts out of `html`.
///
/// # Errors
/// When a script is not closed or is not a module.
pub fn take_scripts(html: &str) -> anyhow::Result<Document> {
    let mut document = Document { html: String::new(), scripts: Vec::new() };
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        let (before, from) = rest.split_at(start);
        document.html.push_str(before);
        let Some((tag, after)) = from.split_once('>') else {
            bail!("index.html: a script tag is not closed");
        };
        let Some((text, after)) = after.split_once("</script>") else {
            bail!("index.html: a script is not closed");
        };
        if tag.contains("src=") {
            document.html.push_str(&format!("{tag}>{text}</script>"));
        } else if tag.contains("module") {
            let path = placeholder(document.scripts.len());
            document.html.push_str(&format!(r#"<script type="module" src="/{path}"></script>"#));
            document.scripts.push(text.trim().to_owned() + "\n");
        } else {
            bail!("index.html: {tag}> is inline and not a module; move it to a file");
        }
        rest = after;
    }
    document.html.push_str(rest);
    Ok(document)
}

/// Sets the `content` of `<meta name="NAME">`, which is added to the head if it is not there.
///
/// # Errors
/// When the document has no head.
pub fn set_meta(html: &str, name: &str, content: &str) -> anyhow::Result<String> {
    let tag = format!(r#"<meta name="{name}" content="{content}">"#);
    let there = format!(r#"<meta name="{name}""#);
    if let Some((before, rest)) = html.split_once(&there) {
        let Some((_, after)) = rest.split_once('>') else {
            bail!("index.html: {there} is not closed");
        };
        return Ok(format!("{before}{tag}{after}"));
    }
    match html.split_once("</head>") {
        Some((head, body)) => Ok(format!("{head}{tag}</head>{body}")),
        None => bail!("index.html: there is no </head>"),
    }
}

/// Refuses what a policy without `unsafe-inline` refuses, so that it shows here and not in a browser.
///
/// # Errors
/// When the document has an inline script, style or handler, or integrity hashes, which no longer
/// hold after optimisation.
pub fn check_nothing_inline(html: &str) -> anyhow::Result<()> {
    let lower = html.to_lowercase();
    for forbidden in
        ["<style", " style=", " onload=", " onclick=", " onerror=", "javascript:", " integrity="]
    {
        if lower.contains(forbidden) {
            bail!("index.html: {:?} breaks the content security policy", forbidden.trim());
        }
    }
    for tag in lower.split("<script").skip(1) {
        if !tag.split('>').next().is_some_and(|attributes| attributes.contains("src=")) {
            bail!("index.html: a script is inline");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_modules_become_files() {
        let html = "<head><script src=\"/a.js\"></script></head>\
            <body><script type=\"module\">\nimport init from '/app.js';\n</script></body>";
        let document = take_scripts(html).unwrap();
        assert_eq!(document.scripts, ["import init from '/app.js';\n"]);
        assert_eq!(
            document.html,
            "<head><script src=\"/a.js\"></script></head>\
             <body><script type=\"module\" src=\"/start0.js\"></script></body>"
        );
        assert!(check_nothing_inline(&document.html).is_ok());
        assert!(check_nothing_inline(html).is_err());
        assert!(take_scripts("<script>alert(1)</script>").is_err());
        assert!(take_scripts("<script type=module>").is_err());
    }

    #[test]
    fn style_sheets_become_one() {
        let html = "<head>\n <link rel=\"stylesheet\" href=\"/a.css\"/>\n \
            <link rel=\"stylesheet\" href=\"/b.css\"/>\n</head>";
        let (joined, names) = join_styles(html).unwrap();
        assert_eq!(names, ["a.css", "b.css"]);
        assert_eq!(joined, "<head>\n <link rel=\"stylesheet\" href=\"/style.css\">\n</head>");
        assert_eq!(join_styles("<head>").unwrap(), ("<head>".to_owned(), Vec::new()));
    }

    #[test]
    fn a_meta_tag_is_set_once() {
        let expected = r#"<head><meta name="engine" content="/x.js"></head>"#;
        assert_eq!(set_meta("<head></head>", "engine", "/x.js").unwrap(), expected);
        let there = r#"<head><meta name="engine" content="" /></head>"#;
        assert_eq!(set_meta(there, "engine", "/x.js").unwrap(), expected);
        assert!(set_meta("<body>", "engine", "/x.js").is_err());
    }

    #[test]
    fn what_is_inline_is_refused() {
        for html in ["<style>a{}</style>", "<a style=\"b\">", "<a onclick=\"b\">", "<SCRIPT>"] {
            assert!(check_nothing_inline(html).is_err(), "{html}");
        }
    }
}
