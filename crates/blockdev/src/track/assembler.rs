//! A small assembler for the kernel's BPF machine: instructions with labels, resolved when the program is finished.
//!
//! The program is emitted at run time, with this kernel's structure offsets as immediates, so that a source needs
//! neither a compiler nor an object file.

use std::collections::BTreeMap;

/// A register of the BPF machine.
#[derive(Clone, Copy)]
pub(super) struct Register(u8);

pub(super) const R0: Register = Register(0);
pub(super) const R1: Register = Register(1);
pub(super) const R2: Register = Register(2);
pub(super) const R3: Register = Register(3);
pub(super) const R4: Register = Register(4);
pub(super) const R6: Register = Register(6);
pub(super) const R7: Register = Register(7);
pub(super) const R8: Register = Register(8);
pub(super) const R9: Register = Register(9);
/// The frame pointer: read only, the stack lies below it.
pub(super) const FRAME: Register = Register(10);

/// How many bytes a load or store moves.
#[derive(Clone, Copy)]
pub(super) enum Width {
    Byte = 0x10,
    Word = 0x00,
    Double = 0x18,
}

/// Arithmetic on 64 bits.
#[derive(Clone, Copy)]
pub(super) enum Operation {
    Add = 0x00,
    Subtract = 0x10,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Modulo = 0x90,
    Move = 0xb0,
}

/// When a jump is taken; unsigned unless it says otherwise.
#[derive(Clone, Copy)]
pub(super) enum When {
    Equal = 0x10,
    Above = 0x20,
    AtLeast = 0x30,
    NotEqual = 0x50,
    AboveSigned = 0x60,
    AtMost = 0xb0,
}

/// Places in the program that jumps go to.
pub(super) type Label = &'static str;

/// Collects instructions.
#[derive(Default)]
pub(super) struct Assembler {
    instructions: Vec<u64>,
    labels: BTreeMap<String, usize>,
    jumps: Vec<(usize, String)>,
}

impl Assembler {
    /// Names the next instruction.
    pub(super) fn label(&mut self, label: impl Into<String>) {
        self.labels.insert(label.into(), self.instructions.len());
    }

    pub(super) fn with_register(&mut self, operation: Operation, target: Register, source: Register) {
        self.push(0x0f | operation as u8, target, source, 0, 0);
    }

    pub(super) fn with_value(&mut self, operation: Operation, target: Register, value: i32) {
        self.push(0x07 | operation as u8, target, R0, 0, value);
    }

    /// Copies the low 32 bits of a register and clears the high ones.
    pub(super) fn low_word(&mut self, register: Register) {
        self.push(0xbc, register, register, 0, 0);
    }

    /// Loads the address of a map, given by its file descriptor.
    pub(super) fn map(&mut self, target: Register, descriptor: i32) {
        self.push(0x18, target, Register(1), 0, descriptor);
        self.push(0, R0, R0, 0, 0);
    }

    pub(super) fn load(&mut self, width: Width, target: Register, source: Register, offset: i16) {
        self.push(0x61 | width as u8, target, source, offset, 0);
    }

    pub(super) fn store(&mut self, width: Width, target: Register, offset: i16, source: Register) {
        self.push(0x63 | width as u8, target, source, offset, 0);
    }

    pub(super) fn store_value(&mut self, width: Width, target: Register, offset: i16, value: i32) {
        self.push(0x62 | width as u8, target, R0, offset, value);
    }

    /// Adds to a 64-bit counter that other processors add to as well.
    pub(super) fn add_atomically(&mut self, target: Register, offset: i16, source: Register) {
        self.push(0xdb, target, source, offset, 0);
    }

    pub(super) fn call(&mut self, helper: i32) {
        self.push(0x85, R0, R0, 0, helper);
    }

    pub(super) fn exit(&mut self) {
        self.with_value(Operation::Move, R0, 0);
        self.push(0x95, R0, R0, 0, 0);
    }

    pub(super) fn jump(&mut self, label: impl Into<String>) {
        self.jumps.push((self.instructions.len(), label.into()));
        self.push(0x05, R0, R0, 0, 0);
    }

    pub(super) fn jump_value(&mut self, when: When, left: Register, right: i32, label: impl Into<String>) {
        self.jumps.push((self.instructions.len(), label.into()));
        self.push(0x05 | when as u8, left, R0, 0, right);
    }

    pub(super) fn jump_register(&mut self, when: When, left: Register, right: Register, label: Label) {
        self.jumps.push((self.instructions.len(), label.into()));
        self.push(0x0d | when as u8, left, right, 0, 0);
    }

    /// Resolves the jumps; `None` when a label is missing or too far away.
    pub(super) fn finish(mut self) -> Option<Vec<u64>> {
        for (at, label) in &self.jumps {
            let target = i64::try_from(*self.labels.get(label)?).ok()?;
            let distance = i16::try_from(target - i64::try_from(*at).ok()? - 1).ok()?;
            let bits = u64::from(u16::from_ne_bytes(distance.to_ne_bytes()));
            *self.instructions.get_mut(*at)? |= bits << 16;
        }
        Some(self.instructions)
    }

    /// One instruction as the kernel lays it out on a little-endian machine: code, registers, offset, immediate.
    fn push(&mut self, code: u8, target: Register, source: Register, offset: i16, value: i32) {
        let registers = (source.0 << 4) | target.0;
        let [o0, o1] = offset.to_le_bytes();
        let [v0, v1, v2, v3] = value.to_le_bytes();
        self.instructions.push(u64::from_le_bytes([code, registers, o0, o1, v0, v1, v2, v3]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_count_from_the_next_instruction() {
        let mut program = Assembler::default();
        program.jump_value(When::Equal, R1, 7, "end");
        program.with_value(Operation::Move, R2, 1);
        program.label("end");
        program.exit();
        let code = program.finish().unwrap();
        assert_eq!(code[0], 0x0000_0007_0001_0115);
        assert_eq!(code.last(), Some(&0x95));
    }

    #[test]
    fn a_missing_label_is_no_program() {
        let mut program = Assembler::default();
        program.jump("nowhere");
        assert!(program.finish().is_none());
    }
}
