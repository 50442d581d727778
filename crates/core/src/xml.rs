// SPDX-License-Identifier: Apache-2.0
//! A small XML tree: Pacemaker's configuration is read, compared, changed
//! and written as one.

use std::fmt::Write as _;

use quick_xml::escape::escape;

/// An element without text content, the only kind that a CIB has in the
/// sections slurmha touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Tag name.
    pub name: String,
    /// Attributes in the order in which they are written.
    pub attributes: Vec<(String, String)>,
    /// Child elements in order.
    pub children: Vec<Element>,
}

impl Element {
    /// An element without attributes or children.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), attributes: Vec::new(), children: Vec::new() }
    }

    /// The same element with one more attribute.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attributes.push((name.to_owned(), value.into()));
        self
    }

    /// The same element with one more child.
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// The same element with more children.
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// Value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The element's `id`, or an empty text.
    pub fn id(&self) -> &str {
        self.attribute("id").unwrap_or_default()
    }

    /// First child of that name.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// First child of that name, made when there is none.
    pub fn find_or_add(&mut self, name: &str) -> &mut Self {
        let index = self.children.iter().position(|child| child.name == name);
        let index = index.unwrap_or_else(|| {
            self.children.push(Self::new(name));
            self.children.len() - 1
        });
        &mut self.children[index]
    }

    /// Reads an element and everything below it; text and comments are
    /// dropped.
    ///
    /// # Errors
    /// When the text is not well-formed XML.
    pub fn parse(text: &str) -> Result<Self, roxmltree::Error> {
        let document = roxmltree::Document::parse(text)?;
        Ok(Self::from_node(document.root_element()))
    }

    fn from_node(node: roxmltree::Node<'_, '_>) -> Self {
        Self {
            name: node.tag_name().name().to_owned(),
            attributes: node
                .attributes()
                .map(|a| (a.name().to_owned(), a.value().to_owned()))
                .collect(),
            children: node
                .children()
                .filter(roxmltree::Node::is_element)
                .map(Self::from_node)
                .collect(),
        }
    }

    /// The element as indented XML.
    pub fn to_xml(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let _ = write!(text, "{indent}<{}", self.name);
        for (name, value) in &self.attributes {
            let _ = write!(text, " {name}=\"{}\"", escape(value.as_str()));
        }
        if self.children.is_empty() {
            text.push_str("/>\n");
            return;
        }
        text.push_str(">\n");
        for child in &self.children {
            child.write(text, depth + 1);
        }
        let _ = writeln!(text, "{indent}</{}>", self.name);
    }
}
