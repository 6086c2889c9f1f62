//! Where a story can be met.

/// Where a story can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nowhere: no member can be shown.
    Hidden,
    /// Wherever somebody looks for it. It was old when its sources were first asked.
    Backlog,
    /// Among the newest as well: it stands in the order of time.
    News,
}

impl Standing {
    /// As it stands in a row. Before there was a backlog, 1 was all that could be shown.
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Hidden => 0,
            Self::News => 1,
            Self::Backlog => 2,
        }
    }

    /// Reads it back.
    pub(super) const fn of_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Hidden,
            1 => Self::News,
            _ => Self::Backlog,
        }
    }
}
