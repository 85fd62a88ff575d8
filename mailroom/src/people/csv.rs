//! Lists of people as offices save them: commas or semicolons or tabs, quotes, a byte order mark, Vietnamese headings.
//! (RFC 4180, and what spreadsheets really write)

/// A column the import understands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    Address,
    Name,
    UnitCode,
    Title,
    StaffNo,
    Phone,
    Kind,
    Sensitive,
    Aliases,
}

/// One data line: its number in the file (from 1) and its cells by column.
pub(crate) struct Line {
    pub number: usize,
    cells: Vec<(Column, String)>,
}

impl Line {
    /// Trimmed; "" where the column or the cell is missing.
    pub fn get(&self, column: Column) -> &str {
        self.cells
            .iter()
            .find(|(one, _)| *one == column)
            .map_or("", |(_, text)| text.as_str())
    }
}

/// Reads the whole text; the error is for the clerk.
pub(crate) fn read(text: &str) -> Result<Vec<Line>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator_of(text.lines().next().unwrap_or_default());
    let mut rows = rows(text, separator).into_iter();
    let (_, heading) = rows.next().ok_or("Tệp trống.")?;
    let columns: Vec<Option<Column>> = heading.iter().map(|cell| column_of(cell)).collect();
    if !columns.contains(&Some(Column::Name)) && !columns.contains(&Some(Column::Address)) {
        return Err(
            "Dòng đầu phải có tên cột: address,name,unit_code,title,staff_no,phone,kind.".into(),
        );
    }
    Ok(rows
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.trim().is_empty()))
        .map(|(number, cells)| Line {
            number,
            cells: columns
                .iter()
                .zip(cells)
                .filter_map(|(column, cell)| column.map(|column| (column, cell.trim().to_owned())))
                .collect(),
        })
        .collect())
}

fn column_of(heading: &str) -> Option<Column> {
    let plain: String = viet::fold(heading)
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect();
    Some(match plain.as_str() {
        "address" | "email" | "mail" | "diachi" | "diachithu" | "thudientu" => Column::Address,
        "name" | "fullname" | "hoten" | "hovaten" | "ten" => Column::Name,
        "unitcode" | "unit" | "madonvi" | "donvi" | "macoquan" => Column::UnitCode,
        "title" | "chucvu" | "chucdanh" => Column::Title,
        "staffno" | "macanbo" | "sohieu" | "macb" => Column::StaffNo,
        "phone" | "mobile" | "dienthoai" | "didong" | "sodienthoai" => Column::Phone,
        "kind" | "loai" => Column::Kind,
        "sensitive" | "nhaicam" | "nhaikam" => Column::Sensitive,
        "aliases" | "alias" | "bidanh" | "dichikhac" => Column::Aliases,
        _ => return None,
    })
}

/// The sign that stands most often in the heading.
fn separator_of(heading: &str) -> char {
    [';', '\t', ',']
        .into_iter()
        .max_by_key(|sign| heading.matches(*sign).count())
        .unwrap_or(',')
}

/// Records with the number of their first line.
fn rows(text: &str, separator: char) -> Vec<(usize, Vec<String>)> {
    let mut rows = Vec::new();
    let mut cells = Vec::new();
    let mut cell = String::new();
    let (mut line, mut first_line) = (1, 1);
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            _ if quoted => cell.push(c),
            '\r' => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                rows.push((first_line, std::mem::take(&mut cells)));
                first_line = line;
            }
            _ if c == separator => cells.push(std::mem::take(&mut cell)),
            _ => cell.push(c),
        }
    }
    if !cell.is_empty() || !cells.is_empty() {
        cells.push(cell);
        rows.push((first_line, cells));
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheets_of_all_kinds_are_read() {
        for text in [
            "name,unit_code,phone\nNguyễn Văn An,SNV,0913\n",
            "\u{feff}Họ và tên;Mã đơn vị;Điện thoại\r\nNguyễn Văn An;SNV;0913\r\n",
            "Họ tên\tĐơn vị\tDi động\r\n\"Nguyễn Văn An\"\tSNV\t0913",
            "ignored,name,unit_code,phone\n\nx,\"Nguyễn Văn An\",SNV,0913\n,,,\n",
        ] {
            let lines = read(text).unwrap();
            assert_eq!(lines.len(), 1, "{text}");
            assert_eq!(lines[0].get(Column::Name), "Nguyễn Văn An");
            assert_eq!(lines[0].get(Column::UnitCode), "SNV");
            assert_eq!(lines[0].get(Column::Phone), "0913");
            assert_eq!(lines[0].get(Column::Address), "");
        }
    }

    #[test]
    fn quotes_hold_separators_quotes_and_lines() {
        let lines = read("name,title\n\"An \"\"A\"\", x\",\"Trưởng\nphòng\"\nBình,y\n").unwrap();
        assert_eq!(lines[0].get(Column::Name), "An \"A\", x");
        assert_eq!(lines[0].get(Column::Title), "Trưởng\nphòng");
        assert_eq!((lines[1].number, lines[1].get(Column::Name)), (4, "Bình"));
    }

    #[test]
    fn a_file_without_heading_is_refused() {
        assert!(read("").is_err());
        assert!(read("Nguyễn Văn An,SNV\n").is_err());
    }
}
