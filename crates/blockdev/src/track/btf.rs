//! Reads the kernel's own description of its types (BTF), to find where the fields lie that the program looks at.
//!
//! Every offset and index in it is checked: a damaged description is an error, never a panic.

use std::collections::BTreeMap;

const MAGIC: u16 = 0xeb9f;
/// More than any kernel has (about 200,000), so that a damaged file cannot take the memory.
const MAX_TYPES: usize = 2_000_000;
/// Structures nest in anonymous ones a few deep.
const MAX_NESTING: u8 = 16;

/// The types of a kernel.
pub(super) struct Btf<'data> {
    types: Vec<Type<'data>>,
    names: &'data [u8],
}

/// Where a field lies in its structure, in bytes, and how many it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) offset: i32,
    pub(super) size: u32,
}

#[derive(Clone, Copy)]
struct Type<'data> {
    name: u32,
    kind: u8,
    bitfields: bool,
    /// A size or the id of another type, by kind.
    value: u32,
    rest: &'data [u8],
}

const INT: u8 = 1;
const POINTER: u8 = 2;
const ARRAY: u8 = 3;
const STRUCT: u8 = 4;
const UNION: u8 = 5;
const ENUM: u8 = 6;
const TYPEDEF: u8 = 8;
const PROTOTYPE: u8 = 13;

impl<'data> Btf<'data> {
    /// Reads a description; `None` when it is not one.
    pub(super) fn parse(data: &'data [u8]) -> Option<Self> {
        if u16::from_le_bytes(data.get(..2)?.try_into().ok()?) != MAGIC || *data.get(2)? != 1 {
            return None;
        }
        let header = usize::try_from(word(data, 4)?).ok()?;
        let section = |at: usize| -> Option<&'data [u8]> {
            let start = header.checked_add(usize::try_from(word(data, at)?).ok()?)?;
            let length = usize::try_from(word(data, at + 4)?).ok()?;
            data.get(start..start.checked_add(length)?)
        };
        Some(Self { types: types(section(8)?)?, names: section(16)? })
    }

    /// Finds a field of a structure, also within its anonymous members.
    pub(super) fn field(&self, structure: &str, field: &str) -> Option<Field> {
        let found = self
            .types
            .iter()
            .filter(|kind| kind.kind == STRUCT && self.name(kind.name) == structure.as_bytes());
        found.into_iter().find_map(|structure| self.member(structure, field, 0, MAX_NESTING))
    }

    /// Returns the values of the enumeration that has `constant`, by name.
    pub(super) fn constants(&self, constant: &str) -> Option<BTreeMap<String, u32>> {
        self.types.iter().filter(|kind| kind.kind == ENUM).find_map(|kind| {
            let values: BTreeMap<String, u32> = kind
                .rest
                .chunks_exact(8)
                .filter_map(|pair| {
                    Some((String::from_utf8_lossy(self.name(word(pair, 0)?)).into_owned(), word(pair, 4)?))
                })
                .collect();
            values.contains_key(constant).then_some(values)
        })
    }

    /// Returns the id of a tracepoint's type.
    pub(super) fn tracepoint_id(&self, name: &str) -> Option<u32> {
        let typedef = format!("btf_trace_{name}");
        let is_it = |kind: &Type<'_>| kind.kind == TYPEDEF && self.name(kind.name) == typedef.as_bytes();
        u32::try_from(self.types.iter().position(is_it)? + 1).ok()
    }

    /// Returns what the parameters of a tracepoint's prototype are: `*name` for a pointer to a structure, else the size in bytes
    /// of the number.
    pub(super) fn tracepoint(&self, name: &str) -> Option<Vec<String>> {
        let typedef = self.by_id(self.tracepoint_id(name)?)?;
        let pointer = self.by_id(typedef.value).filter(|kind| kind.kind == POINTER)?;
        let prototype = self.by_id(pointer.value).filter(|kind| kind.kind == PROTOTYPE)?;
        // The first parameter is the tracepoint's own data, which a program does not get.
        prototype.rest.chunks_exact(8).skip(1).map(|pair| self.parameter(word(pair, 4)?)).collect()
    }

    fn parameter(&self, id: u32) -> Option<String> {
        let kind = self.resolved(id)?;
        match kind.kind {
            POINTER => {
                let target = self.resolved(kind.value)?;
                Some(format!("*{}", String::from_utf8_lossy(self.name(target.name))))
            }
            INT | ENUM => Some(kind.value.to_string()),
            _ => None,
        }
    }

    fn member(&self, structure: &Type<'data>, field: &str, base: u32, nesting: u8) -> Option<Field> {
        let nesting = nesting.checked_sub(1)?;
        structure.rest.chunks_exact(12).find_map(|member| {
            let (name, id, bits) = (word(member, 0)?, word(member, 4)?, word(member, 8)?);
            let (bits, bitfield) =
                if structure.bitfields { (bits & 0x00ff_ffff, bits >> 24) } else { (bits, 0) };
            let offset = base.checked_add(bits / 8)?;
            let kind = self.resolved(id)?;
            if name == 0 && matches!(kind.kind, STRUCT | UNION) {
                return self.member(kind, field, offset, nesting);
            }
            // A field in part of a byte cannot be read as a number.
            if self.name(name) != field.as_bytes() || bitfield != 0 || bits % 8 != 0 {
                return None;
            }
            Some(Field { offset: i32::try_from(offset).ok()?, size: self.size(kind)? })
        })
    }

    /// Bytes of a type; an array's are of plain elements, such as characters.
    fn size(&self, kind: &Type<'data>) -> Option<u32> {
        match kind.kind {
            POINTER => Some(8),
            ARRAY => {
                let element = self.resolved(word(kind.rest, 0)?).filter(|element| element.kind == INT)?;
                element.value.checked_mul(word(kind.rest, 8)?)
            }
            _ => Some(kind.value),
        }
    }

    /// Follows typedefs and qualifiers to the type itself.
    fn resolved(&self, mut id: u32) -> Option<&Type<'data>> {
        for _ in 0..32 {
            let kind = self.by_id(id)?;
            // Typedef, volatile, const, restrict, tag.
            if !matches!(kind.kind, 8..=11 | 18) {
                return Some(kind);
            }
            id = kind.value;
        }
        None
    }

    fn by_id(&self, id: u32) -> Option<&Type<'data>> {
        // Type 0 is `void` and is not stored.
        self.types.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    fn name(&self, offset: u32) -> &'data [u8] {
        let tail =
            usize::try_from(offset).ok().and_then(|offset| self.names.get(offset..)).unwrap_or_default();
        tail.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

fn types(mut data: &[u8]) -> Option<Vec<Type<'_>>> {
    let mut types = Vec::new();
    while !data.is_empty() {
        let (name, info, value) = (word(data, 0)?, word(data, 4)?, word(data, 8)?);
        let kind = u8::try_from((info >> 24) & 0x1f).ok()?;
        let count = usize::try_from(info & 0xffff).ok()?;
        let extra = match kind {
            INT | 14 | 17 => 4,
            POINTER | 7..=12 | 16 | 18 => 0,
            ARRAY => 12,
            STRUCT | UNION | 15 | 19 => count * 12,
            ENUM | PROTOTYPE => count * 8,
            _ => return None,
        };
        let rest = data.get(12..12 + extra)?;
        types.push(Type { name, kind, bitfields: info >> 31 == 1, value, rest });
        if types.len() > MAX_TYPES {
            return None;
        }
        data = data.get(12 + extra..)?;
    }
    Some(types)
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description of one structure `pair { u32 left; u32 right; u32 more[3]; }`.
    fn sample() -> Vec<u8> {
        let names = b"\0int\0pair\0left\0right\0more\0";
        let mut types = Vec::new();
        for value in [1_u32, 1 << 24, 4, 32] {
            types.extend(value.to_le_bytes());
        }
        for value in [0_u32, 3 << 24, 0, 1, 1, 3] {
            types.extend(value.to_le_bytes());
        }
        for value in [5_u32, (4 << 24) | 3, 20, 10, 1, 0, 15, 1, 32, 21, 2, 64] {
            types.extend(value.to_le_bytes());
        }
        let mut data = Vec::from(MAGIC.to_le_bytes());
        data.extend([1, 0]);
        let lengths = [
            24,
            0,
            u32::try_from(types.len()).unwrap(),
            u32::try_from(types.len()).unwrap(),
            u32::try_from(names.len()).unwrap(),
        ];
        for value in lengths {
            data.extend(value.to_le_bytes());
        }
        data.extend(types);
        data.extend(names);
        data
    }

    #[test]
    fn fields_are_found_by_name() {
        let data = sample();
        let btf = Btf::parse(&data).unwrap();
        assert_eq!(btf.field("pair", "right"), Some(Field { offset: 4, size: 4 }));
        assert_eq!(btf.field("pair", "more"), Some(Field { offset: 8, size: 12 }));
        assert_eq!(btf.field("pair", "middle"), None);
        assert_eq!(btf.field("triple", "right"), None);
    }

    #[test]
    fn damaged_descriptions_never_panic() {
        let good = sample();
        for length in 0..good.len() {
            if let Some(btf) = Btf::parse(&good[..length]) {
                btf.field("pair", "right");
            }
        }
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[at] = value;
                if let Some(btf) = Btf::parse(&bad) {
                    btf.field("pair", "more");
                    btf.tracepoint("pair");
                    btf.constants("pair");
                }
            }
        }
    }
}
