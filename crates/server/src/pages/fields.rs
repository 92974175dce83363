//! Fields and their errors, for the forms that have an e-mail address and a password.

use std::borrow::Cow;

/// A field that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The e-mail address.
    Email,
    /// The password.
    Password,
    /// The password an account has now, where a new one is asked for as well.
    Present,
}

impl Field {
    /// The id of its input.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::Present => "present",
        }
    }
}

/// One thing that is wrong, in words.
#[derive(Debug)]
pub(super) struct FieldError {
    /// The field, or `None` when it concerns the whole form.
    pub(super) field: Option<Field>,
    /// What to tell the person.
    pub(super) message: Cow<'static, str>,
}

/// Everything wrong with a form.
#[derive(Debug)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    /// Whether anything is wrong.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether they are listed before the form: one error of one field needs no list, it stands beside its field.
    pub(super) fn are_listed(&self) -> bool {
        self.of_form().next().is_some() || self.0.len() > 1
    }

    /// Errors of the whole form.
    pub(super) fn of_form(&self) -> impl Iterator<Item = &FieldError> {
        self.0.iter().filter(|error| error.field.is_none())
    }

    /// Errors of single fields, with the field's id.
    pub(super) fn of_fields(&self) -> impl Iterator<Item = (&'static str, &FieldError)> {
        self.0
            .iter()
            .filter_map(|error| error.field.map(|field| (field.id(), error)))
    }

    /// What is wrong with the e-mail address; empty when nothing is.
    pub(super) fn email(&self) -> String {
        self.of(Field::Email)
    }

    /// What is wrong with the password; empty when nothing is.
    pub(super) fn password(&self) -> String {
        self.of(Field::Password)
    }

    /// What is wrong with the present password; empty when nothing is.
    pub(super) fn present(&self) -> String {
        self.of(Field::Present)
    }

    /// Where the cursor starts: the first wrong field, else the first empty one (a password is never shown
    /// again, so it is always empty).
    pub(super) fn focus(&self, email: &str) -> &'static str {
        let wrong = self.0.iter().find_map(|error| error.field);
        wrong
            .unwrap_or(if email.is_empty() {
                Field::Email
            } else {
                Field::Password
            })
            .id()
    }

    /// Everything wrong with one field, sentence after sentence.
    fn of(&self, field: Field) -> String {
        let found = self.0.iter().filter(|error| error.field == Some(field));
        let said: Vec<&str> = found.map(|error| error.message.as_ref()).collect();
        said.join("\n")
    }
}
