//! Writes a small file in MaxMind's format (version 2.0): a few IPv4 networks of 24 bits, each with a country and a place.

/// A network and where it is.
pub(crate) struct Entry {
    pub(crate) network: [u8; 3],
    pub(crate) iso: &'static str,
    pub(crate) english: &'static str,
    pub(crate) japanese: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

#[derive(Clone, Copy)]
enum Slot {
    Empty,
    Node(usize),
    Data(usize),
}

/// The bytes of the file.
pub(crate) fn file(entries: &[Entry]) -> Vec<u8> {
    let (mut data, mut nodes) = (Vec::new(), vec![[Slot::Empty; 2]]);
    for entry in entries {
        let at = data.len();
        data.extend(city(entry));
        let [a, b, c] = entry.network.map(u32::from);
        let bits = a << 16 | b << 8 | c;
        let mut node = 0;
        for bit in (0..24).rev() {
            let side = usize::try_from(bits >> bit & 1).unwrap();
            if bit == 0 {
                nodes[node][side] = Slot::Data(at);
            } else if let Slot::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Slot::Empty; 2]);
                nodes[node][side] = Slot::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for slot in nodes.iter().flatten() {
        let record = match slot {
            Slot::Empty => count,
            Slot::Node(next) => *next,
            Slot::Data(at) => count + 16 + at,
        };
        file.extend(&u32::try_from(record).unwrap().to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(metadata(count));
    file
}

fn city(entry: &Entry) -> Vec<u8> {
    let names = map(&[("en", text(entry.english)), ("ja", text(entry.japanese))]);
    let country = map(&[("iso_code", text(entry.iso)), ("names", names)]);
    let location = map(&[
        ("latitude", double(entry.latitude)),
        ("longitude", double(entry.longitude)),
    ]);
    map(&[("country", country), ("location", location)])
}

fn metadata(count: usize) -> Vec<u8> {
    map(&[
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", number(9, 1_800_000_000)),
        ("database_type", text("Test-City")),
        ("description", map(&[("en", text("A test"))])),
        ("ip_version", number(5, 4)),
        ("languages", array(&[text("en"), text("ja")])),
        ("node_count", number(6, u64::try_from(count).unwrap())),
        ("record_size", number(5, 24)),
    ])
}

/// A control byte: the type in the upper three bits, or 0 and the type less 7 in the next byte.
fn control(sort: u8, size: usize) -> Vec<u8> {
    let (size, more) = match size {
        0..29 => (u8::try_from(size).unwrap(), None),
        _ => (29, Some(u8::try_from(size - 29).unwrap())),
    };
    let mut bytes = match sort {
        1..=7 => vec![sort << 5 | size],
        _ => vec![size, sort - 7],
    };
    bytes.extend(more);
    bytes
}

fn text(text: &str) -> Vec<u8> {
    [control(2, text.len()), text.as_bytes().to_vec()].concat()
}

fn double(value: f64) -> Vec<u8> {
    [control(3, 8), value.to_be_bytes().to_vec()].concat()
}

/// An unsigned number of a sort (5: 16 bits, 6: 32, 9: 64), without leading zeros.
fn number(sort: u8, value: u64) -> Vec<u8> {
    let bytes: Vec<u8> = value
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    [control(sort, bytes.len()), bytes].concat()
}

fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = control(7, members.len());
    for (name, value) in members {
        bytes.extend(text(name));
        bytes.extend(value);
    }
    bytes
}

fn array(items: &[Vec<u8>]) -> Vec<u8> {
    [control(11, items.len()), items.concat()].concat()
}
