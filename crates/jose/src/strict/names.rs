//! The member names of one object, each once.

use serde_json::Error;

use super::fail;

/// More members than this in one object are refused, so that looking for duplicates stays cheap.
pub(super) const MAX_MEMBERS: usize = 256;

const INLINE: usize = 24;

const BEYOND_INLINE: usize = MAX_MEMBERS - INLINE;

/// Names met so far. The usual claim set allocates nothing and compares no names: `marks` has a bit for a cheap digest of
/// each name, and only a bit met before leads to comparing.
#[derive(Default)]
pub(super) struct Names {
    marks: u64,
    inline_len: usize,
    /// Where the first names without escapes are in the text, and their lengths.
    inline: [(u32, u32); INLINE],
    more: Vec<(u32, u32)>,
    escaped: Vec<String>,
}

impl Names {
    /// Takes `name`, which is in `text` at `start`.
    #[inline(always)]
    pub(super) fn meet(&mut self, text: &str, start: usize, name: &str) -> Result<(), Error> {
        self.mark(text, name)?;
        // A token has at most 16 KiB; larger texts are refused long before.
        let place = (start as u32, name.len() as u32);
        match self.inline.get_mut(self.inline_len) {
            Some(slot) => {
                *slot = place;
                self.inline_len += 1;
                Ok(())
            }
            None => self.meet_many(place),
        }
    }

    #[cold]
    #[inline(never)]
    fn meet_many(&mut self, place: (u32, u32)) -> Result<(), Error> {
        self.more.push(place);
        match self.more.len() {
            0..=BEYOND_INLINE => Ok(()),
            _ => Err(fail("too many members in one object")),
        }
    }

    /// Takes a name that had escapes and so is nowhere in the text.
    #[cold]
    pub(super) fn meet_escaped(&mut self, text: &str, name: &str) -> Result<(), Error> {
        self.mark(text, name)?;
        self.escaped.push(name.to_owned());
        match self.escaped.len() {
            0..MAX_MEMBERS => Ok(()),
            _ => Err(fail("too many members in one object")),
        }
    }

    #[inline(always)]
    fn mark(&mut self, text: &str, name: &str) -> Result<(), Error> {
        let mark = 1u64 << digest(name.as_bytes());
        if self.marks & mark != 0 && self.has(text, name) {
            return Err(fail("a member is given twice"));
        }
        self.marks |= mark;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn has(&self, text: &str, name: &str) -> bool {
        let inline = &self.inline[..self.inline_len.min(INLINE)];
        let known = |&(start, len): &(u32, u32)| {
            text.as_bytes().get(start as usize..start as usize + len as usize) == Some(name.as_bytes())
        };
        inline.iter().chain(&self.more).any(known) || self.escaped.iter().any(|known| known == name)
    }
}

/// Six bits of a name. The multiplier was chosen so that the claims of access and ID tokens do not collide.
#[inline(always)]
fn digest(name: &[u8]) -> u32 {
    let [first, .., last] = name else { return 0 };
    let middle = name[name.len() / 2];
    let mixed = u32::from(*first) << 8 | u32::from(*last) << 16 | u32::from(middle) << 24;
    (mixed | name.len() as u32 & 0xff).wrapping_mul(0x1335_a2d3) >> 26
}
