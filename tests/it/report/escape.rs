//! Hostile text stays text.

use graph_cli::escape::workflow_property;
use graph_cli::escape::{
    log_line, markdown, terminal, terminal_lines, workflow_data, workflow_line,
};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

/// Text made of what attacks are made of.
pub(crate) fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\u{1b}[2J",
            "\u{1b}]0;title\u{7}",
            "\u{9b}31m",
            "\u{1b}[31m",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\r",
            "\n",
            "\r\n",
            "\t",
            "\u{85}",
            "\u{2028}",
            "::",
            "::error::x",
            "  ::set-output name=a::b",
            "##[",
            "##[endgroup]",
            "%0A",
            "%",
            "|",
            "\\",
            "\\|",
            "`",
            "``",
            "```",
            "<",
            ">",
            "</code>",
            "<img src=x>",
            "&",
            "&#124;",
            "@user",
            "@org/team",
            "#1",
            "[a](b)",
            "![a](b)",
            "**",
            "__",
            "_",
            "~~",
            "http://x.y",
            "www.",
            "1.",
            "- ",
            "+ ",
            "=",
            "    ",
            "$",
            "!",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[a-z0-9_./-]{1,6}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(|char| {
        char.is_control() || matches!(char, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

/// What a browser makes of entities; comments are dropped.
fn decoded(markdown: &str) -> String {
    let mut out = String::new();
    let text = markdown.replace("<!-- -->", "");
    let mut rest = text.as_str();
    while let Some(at) = rest.find("&#") {
        let end = at + rest[at..].find(';').expect("entities end");
        out.push_str(&rest[..at]);
        let code: u32 = rest[at + 2..end].parse().expect("entities are numbers");
        out.push(char::from_u32(code).expect("a character"));
        rest = &rest[end + 1..];
    }
    out + rest
}

proptest! {
    #[test]
    fn a_terminal_gets_one_plain_line(text in hostile()) {
        prop_assert!(is_plain(&terminal(&text)));
        prop_assert!(is_plain(&log_line(&text)));
        prop_assert!(is_plain(&terminal_lines(&text).replace(['\n', '\t'], "")));
        let once = terminal(&text).into_owned();
        prop_assert_eq!(terminal(&once), once.as_str());
    }

    #[test]
    fn markdown_stays_text(text in hostile()) {
        let safe = markdown(&text);
        prop_assert_eq!(decoded(&safe), terminal(&text));
        let bare = safe.replace("<!-- -->", "");
        prop_assert!(is_plain(&bare));
        prop_assert!(!bare.contains(['|', '`', '<', '>', '\\', '*', '[', ']', '@', '~', '$']), "{bare}");
        prop_assert!(!bare.contains("://") && !bare.to_lowercase().contains("www."), "{bare}");
        prop_assert!(bare.matches('&').count() == bare.matches("&#").count());
        prop_assert!(!safe.contains("@<") || safe.contains("&#64;<!-- -->"));
        prop_assert!(!bare.starts_with(['-', '+', '=', ' ', '#']));
    }

    #[test]
    fn the_runner_sees_no_command(text in hostile()) {
        let line = workflow_line(&text);
        prop_assert!(is_plain(&line));
        prop_assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
        prop_assert!(!workflow_data(&text).contains(['\n', '\r']));
        prop_assert!(!workflow_property(&text).contains(['\n', '\r', ':', ',']));
    }
}

#[test]
fn what_is_harmless_is_left_as_it_is() {
    for text in ["repos.poky.commit", "kas/scarthgap.yaml:12", "größer → 木", "A = \"${B}/x\""]
    {
        assert_eq!(terminal(text), text);
    }
    assert_eq!(
        markdown("local_conf_header.base (kas/a-b.yaml:3)"),
        "local_conf_header.base (kas/a-b.yaml:3)"
    );
}

#[test]
fn what_is_not_is_spelt_out() {
    let check = |text: &str, expected: &str| assert_eq!(terminal(text), expected);
    check("a\u{1b}[31mb", r"a\u{1b}[31mb");
    check("a\nb\tc\rd", r"a\nb\tc\rd");
    check("\u{202e}gnp.exe", r"\u{202e}gnp.exe");
    assert_eq!(terminal_lines("a\n\tb\u{7}"), "a\n\tb\\u{7}");
    assert_eq!(log_line("10%\r20%\r\u{1b}[32mdone\u{1b}[0m\r\n"), "done");
    assert_eq!(log_line("\u{1b}[2Jx"), r"\u{1b}[2Jx");
    assert_eq!(workflow_line("  ::error::x"), r"  \u{3a}:error::x");
    assert_eq!(workflow_line("a ##[group]b"), r"a #\u{23}[group]b");
    assert_eq!(workflow_data("50%\r\nx"), r"50%25\r%0Ax");
    assert_eq!(workflow_property("a:b,c"), "a%3Ab%2Cc");
    assert_eq!(
        markdown("@user #1 a|b `c`"),
        "&#64;<!-- -->user &#35;<!-- -->1 a&#124;b &#96;c&#96;"
    );
}
