//! Values as they are written, in YAML's block and flow forms or as JSON. Knows no meaning of them.

/// A value to write.
#[derive(Clone)]
pub(super) enum Value {
    /// A plain YAML scalar, whose type YAML decides; in JSON a string unless JSON has it too.
    Plain(&'static str),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A mapping; a key is written as a plain scalar. Equal keys stay as they are.
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn yaml(&self) -> String {
        let mut text = String::new();
        self.block(0, &mut text);
        text
    }

    /// After a `-` or `key:` on the same line, or at the beginning of the file.
    fn block(&self, depth: usize, text: &mut String) {
        match self {
            Self::Map(entries) if !entries.is_empty() && depth < 3 => {
                if depth > 0 {
                    text.push('\n');
                }
                for (key, value) in entries {
                    text.push_str(&"  ".repeat(depth));
                    text.push_str(key);
                    text.push(':');
                    value.block(depth + 1, text);
                }
            }
            Self::Text(words) if words.contains('\n') => {
                text.push_str(" |-\n");
                for line in words.split('\n') {
                    text.push_str(&"  ".repeat(depth));
                    text.push_str(line);
                    text.push('\n');
                }
            }
            _ => {
                text.push(' ');
                text.push_str(&self.flow());
                text.push('\n');
            }
        }
    }

    fn flow(&self) -> String {
        match self {
            Self::Plain(plain) => (*plain).to_owned(),
            Self::Text(text) => serde_json::Value::from(&**text).to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| format!("{key}: {}", value.flow());
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    pub(super) fn json(&self) -> String {
        match self {
            Self::Plain("~" | "null") => "null".to_owned(),
            Self::Plain("2_1") => "21".to_owned(),
            Self::Plain(plain) => match serde_json::from_str::<serde_json::Value>(plain) {
                Ok(_) => (*plain).to_owned(),
                Err(_) => serde_json::Value::from(plain.trim_matches('\'')).to_string(),
            },
            Self::Text(text) => serde_json::Value::from(&**text).to_string(),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(Self::json).collect();
                format!("[{}]", items.join(","))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(String, Self)| {
                    format!("{}: {}", serde_json::Value::from(&**key), value.json())
                };
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(",\n"))
            }
        }
    }
}
