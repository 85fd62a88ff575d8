//! LIST with its selection and return options, and STATUS items. (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154)

use super::command::{List, StatusItem};
use super::cursor::{Cursor, Fault, Parsed};
use super::parse::{Language, mailbox, pattern};
use crate::limits;

pub fn list(cursor: &mut Cursor, language: Language) -> Parsed<List> {
    let mut list = List::default();
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        cursor.list_or_empty(|cursor| {
            match cursor.word()?.as_str() {
                "SUBSCRIBED" => list.select_subscribed = true,
                "RECURSIVEMATCH" => list.select_recursive = true,
                "SPECIAL-USE" => list.select_special_use = true,
                // There are no remote mailboxes here: all are told anyway.
                "REMOTE" => {}
                _ => return Err(Fault("unknown LIST selection option")),
            }
            Ok(())
        })?;
        cursor.space()?;
    }
    // RECURSIVEMATCH alone says nothing (RFC 9051 §6.3.9.1).
    if list.select_recursive && !list.select_subscribed && !list.select_special_use {
        return Err(Fault("RECURSIVEMATCH needs another option"));
    }
    list.reference = mailbox(cursor, language)?;
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.extended = true;
        let patterns = &mut list.patterns;
        cursor.list(|cursor| {
            if patterns.len() >= limits::LIST_PATTERNS_MAX {
                return Err(Fault("too many patterns"));
            }
            patterns.push(pattern(cursor, language)?);
            Ok(())
        })?;
    } else {
        list.patterns.push(pattern(cursor, language)?);
    }
    if cursor.skip(b' ') {
        list.extended = true;
        if !cursor.skip_word("RETURN") {
            return Err(Fault("RETURN expected"));
        }
        cursor.space()?;
        cursor.list_or_empty(|cursor| {
            match cursor.word()?.as_str() {
                "SUBSCRIBED" => list.return_subscribed = true,
                "CHILDREN" => list.return_children = true,
                "SPECIAL-USE" => list.return_special_use = true,
                "STATUS" => {
                    cursor.space()?;
                    list.return_status = status_items(cursor)?;
                }
                _ => return Err(Fault("unknown LIST return option")),
            }
            Ok(())
        })?;
    }
    Ok(list)
}

pub fn status_items(cursor: &mut Cursor) -> Parsed<Vec<StatusItem>> {
    let mut items = Vec::new();
    cursor.list(|cursor| {
        let item = match cursor.word()?.as_str() {
            "MESSAGES" => StatusItem::Messages,
            "RECENT" => StatusItem::Recent,
            "UIDNEXT" => StatusItem::UidNext,
            "UIDVALIDITY" => StatusItem::UidValidity,
            "UNSEEN" => StatusItem::Unseen,
            "DELETED" => StatusItem::Deleted,
            "DELETED-STORAGE" => StatusItem::DeletedStorage,
            "SIZE" => StatusItem::Size,
            "APPENDLIMIT" => StatusItem::AppendLimit,
            "HIGHESTMODSEQ" => StatusItem::HighestModSeq,
            "MAILBOXID" => StatusItem::MailboxId,
            _ => return Err(Fault("unknown STATUS item")),
        };
        if !items.contains(&item) {
            items.push(item);
        }
        Ok(())
    })?;
    Ok(items)
}
