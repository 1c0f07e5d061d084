//! The `SystemInfo` of a source: a JSON text of at most 1 KiB with fixed keys and text values.

use std::net::IpAddr;

use serde::Serialize;

use crate::source::Inventory;

const GIB: f64 = 1_073_741_824.0;

/// Longest of the texts that come from the machine, in bytes as they are written in JSON: both leave half of the
/// 1 KiB to the rest.
const LONGEST: usize = 256;

#[derive(Serialize)]
struct SystemInfo<'a> {
    agent_mode: &'a str,
    agent_type: &'a str,
    client_type: &'a str,
    hostname: &'a str,
    ipv4: String,
    ipv6: String,
    cores: String,
    cpu_info: &'a str,
    cpu_usage: String,
    memory: String,
    memory_usage: String,
}

/// Words an inventory as `SystemInfo`.
pub(super) fn system_info(inventory: &Inventory) -> String {
    let first = |wanted: fn(&&IpAddr) -> bool| {
        inventory.addresses.iter().find(wanted).map(ToString::to_string).unwrap_or_default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a figure for people, with two decimals")]
    let (total, available) = (inventory.memory.total_bytes as f64, inventory.memory.available_bytes as f64);
    let used = if total > 0.0 { (1.0 - available / total).clamp(0.0, 1.0) * 100.0 } else { 0.0 };
    let info = SystemInfo {
        agent_mode: "daemon",
        agent_type: "landfall",
        client_type: "landfall-agent",
        hostname: cut(&inventory.hostname),
        ipv4: first(|address| address.is_ipv4()),
        ipv6: first(|address| address.is_ipv6()),
        cores: inventory.cpu.count.to_string(),
        cpu_info: cut(&inventory.cpu.model),
        cpu_usage: format!("{:.2}", inventory.cpu.usage_percent.clamp(0.0, 100.0)),
        memory: format!("{:.2}", total / GIB),
        memory_usage: format!("{used:.2}"),
    };
    serde_json::to_string(&info).unwrap_or_default()
}

fn cut(text: &str) -> &str {
    let mut written = 0;
    let over = |(_, character): &(usize, char)| {
        written += length_in_json(*character);
        written > LONGEST
    };
    text.char_indices().find(over).map_or(text, |(end, _)| &text[..end])
}

/// How many bytes JSON takes for a character: some are escaped.
fn length_in_json(character: char) -> usize {
    match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::system_info;
    use crate::source::Inventory;

    proptest! {
        #[test]
        fn whatever_a_machine_says_of_itself_fits_the_contract(
            hostname in "(?s).{0,1200}", model in "(?s).{0,1200}", total: u64, available: u64, usage: f32, count: u32,
            address: [u8; 16],
        ) {
            let mut inventory = Inventory { hostname: hostname.clone(), ..Inventory::default() };
            inventory.cpu.model.clone_from(&model);
            inventory.cpu.count = count;
            inventory.cpu.usage_percent = usage;
            inventory.memory.total_bytes = total;
            inventory.memory.available_bytes = available;
            inventory.addresses = vec![[255, 254, 253, 252].into(), address.into()];
            let text = system_info(&inventory);
            prop_assert!(text.len() <= 1024, "{} bytes", text.len());
            let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
            prop_assert!(hostname.starts_with(&read["hostname"]) && model.starts_with(&read["cpu_info"]));
        }
    }

    #[test]
    fn every_value_is_a_text_and_the_whole_is_short() {
        let mut inventory = Inventory { hostname: "h".repeat(1024), ..Inventory::default() };
        inventory.cpu.model = "\u{1}\"主".repeat(1024);
        inventory.memory.total_bytes = 8 << 30;
        inventory.memory.available_bytes = 6 << 30;
        let text = system_info(&inventory);
        assert!(text.len() <= 1024, "{}", text.len());
        let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        assert_eq!((read["memory"].as_str(), read["memory_usage"].as_str()), ("8.00", "25.00"));
    }
}
