//! Directory, people, keys, sessions, the audit chain, devices.
use futures_util::future::join_all;
use store::testing::{letter, person};
use store::*;

use super::place::{NOW, Place, cases};

cases![
    units_form_a_tree,
    people_are_found_without_marks,
    an_address_belongs_to_one,
    a_domain_reaches_the_units_of_its_addresses,
    members_and_lists,
    a_slip_is_used_once,
    keys_and_sessions_end,
    a_changed_audit_row_is_found,
    audit_rows_cut_off_are_missed,
    devices_are_owed_what_came_after_their_cursor,
];

async fn units_form_a_tree(place: &Place) {
    let store = place.open().await;
    store.domain_add("here.example", None).await.unwrap();
    assert!(matches!(
        store.domain_add("here.example", None).await,
        Err(Error::Exists(_))
    ));
    assert_eq!(store.domains().await.unwrap()[0].name, "here.example");
    let unit = |code: &str, parent| NewUnit {
        parent,
        code: code.to_owned(),
        name: format!("Đơn vị {code}"),
        ..NewUnit::default()
    };
    let root = store.unit_add(unit("H12", None)).await.unwrap();
    let child = store.unit_add(unit("01.H12", Some(root))).await.unwrap();
    let leaf = store
        .unit_add(unit("01.01.H12", Some(child)))
        .await
        .unwrap();
    let other = store.unit_add(unit("02.H12", Some(root))).await.unwrap();
    assert!(matches!(
        store.unit_add(unit("02.H12", None)).await,
        Err(Error::Exists(_))
    ));
    let path = store.unit(child).await.unwrap().unwrap().path;
    assert_eq!(path, format!("/{root}/{child}/"));
    let under: Vec<_> = store
        .units_under(&path)
        .await
        .unwrap()
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(under, [child, leaf]);
    assert_eq!(store.units_all().await.unwrap().len(), 4);
    store
        .unit_code_add(leaf, "000.09", None, Some(NOW))
        .await
        .unwrap();
    assert_eq!(
        store.unit_by_code("000.09").await.unwrap().unwrap().id,
        leaf
    );
    assert_eq!(
        store.unit_by_code("02.H12").await.unwrap().unwrap().id,
        other
    );
    let change = UnitChange {
        closed: Some(true),
        ..UnitChange::default()
    };
    store.unit_update(other, change).await.unwrap();
    assert!(store.unit(other).await.unwrap().unwrap().closed);
    let admin = PrincipalId::from(person(&store, "admin@here.example").await.unwrap());
    let chief = PrincipalId::from(person(&store, "chief@here.example").await.unwrap());
    store.unit_admin_add(chief, root).await.unwrap();
    store.unit_admin_add(admin, child).await.unwrap();
    store.unit_admin_add(admin, child).await.unwrap();
    let chain = store.admins_of_unit_chain(leaf).await.unwrap();
    assert_eq!(chain, [(admin, child), (chief, root)], "the nearest first");
    assert_eq!(store.admin_units_of(admin).await.unwrap()[0].id, child);
    store.unit_admin_remove(admin, child).await.unwrap();
    assert!(store.admin_units_of(admin).await.unwrap().is_empty());
}

async fn people_are_found_without_marks(place: &Place) {
    let store = place.open().await;
    let unit = |code: &str| NewUnit {
        code: code.to_owned(),
        ..NewUnit::default()
    };
    let one = store.unit_add(unit("1")).await.unwrap();
    let two = store.unit_add(unit("2")).await.unwrap();
    for (name, unit, staff) in [
        ("Nguyễn Văn Đức", one, "CM001"),
        ("Nguyễn Thị Lý", two, "CM002"),
        ("Trần Văn Đức", one, "CM003"),
    ] {
        let new = NewPrincipal {
            name: name.to_owned(),
            title: "Chuyên viên".to_owned(),
            unit: Some(unit),
            staff_no: Some(staff.to_owned()),
            addresses: vec![format!("{}@here.example", staff.to_lowercase())],
            ..NewPrincipal::default()
        };
        store.principal_add(new).await.unwrap();
    }
    let path = store.unit(one).await.unwrap().unwrap().path;
    for (typed, path, found) in [
        ("duc", "", 2),
        ("Đức nguyen", "", 1),
        ("nguyễn", "", 2),
        ("ly", "", 1),
        ("lí", "", 1),
        ("cm002", "", 1),
        ("chuyen vien", "", 3),
        ("uc", "", 0),
        ("nguyen", path.as_str(), 1),
        ("%", "", 3),
        ("", path.as_str(), 2),
    ] {
        let rows = store.principals_find(typed, path, 10).await.unwrap();
        assert_eq!(rows.len(), found, "{typed:?}");
    }
    assert_eq!(store.principals_list("", 2, 1).await.unwrap().len(), 2);
    let ly = store.principal_by_staff_no("CM002").await.unwrap().unwrap();
    let change = PrincipalChange {
        name: Some("Phạm Thị Hoa".to_owned()),
        unit: Some(Some(one)),
        ..PrincipalChange::default()
    };
    store.principal_update(ly.id, change).await.unwrap();
    assert_eq!(
        store
            .principals_find("pham hoa", &path, 10)
            .await
            .unwrap()
            .len(),
        1
    );
    assert!(
        store
            .principals_find("ly", "", 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.principal(ly.id).await.unwrap().unwrap().title,
        "Chuyên viên"
    );
    store
        .principal_set_status(ly.id, Status::Dormant)
        .await
        .unwrap();
    store.principal_seen(ly.id, NOW).await.unwrap();
    store.principal_seen(ly.id, NOW - 5).await.unwrap();
    let ly = store.principal(ly.id).await.unwrap().unwrap();
    assert_eq!((ly.status, ly.last_seen_at), (Status::Dormant, Some(NOW)));
}

async fn a_domain_reaches_the_units_of_its_addresses(place: &Place) {
    let store = place.open().await;
    let unit = |code: &str, parent| NewUnit {
        parent,
        code: code.to_owned(),
        name: code.to_owned(),
        ..NewUnit::default()
    };
    let root = store.unit_add(unit("P", None)).await.unwrap();
    let leaf = store.unit_add(unit("A", Some(root))).await.unwrap();
    for (address, unit) in [
        ("a@cu.example", Some(leaf)),
        ("b@cu.example", Some(leaf)),
        ("c@xcu.example", Some(root)),
        ("d@khac.example", Some(root)),
        ("e@khac.example", None),
    ] {
        store
            .principal_add(NewPrincipal {
                unit,
                name: "N".into(),
                addresses: vec![address.to_owned()],
                ..NewPrincipal::default()
            })
            .await
            .unwrap();
    }
    let path = |id| {
        let store = store.clone();
        async move { store.unit(id).await.unwrap().unwrap().path }
    };
    assert_eq!(
        store.domain_paths("cu.example").await.unwrap(),
        [path(leaf).await]
    );
    let mut both = store.domain_paths("khac.example").await.unwrap();
    both.sort();
    assert_eq!(both, [String::new(), path(root).await]);
    assert!(store.domain_paths("example").await.unwrap().is_empty());
}

async fn an_address_belongs_to_one(place: &Place) {
    let store = place.open().await;
    let a = PrincipalId::from(person(&store, "a@here.example").await.unwrap());
    assert!(matches!(
        person(&store, "a@here.example").await,
        Err(Error::Exists(_))
    ));
    assert_eq!(
        store.stats().await.unwrap().principals,
        1,
        "nothing is left of the second"
    );
    store
        .address_add(a, "old@here.example", AddressKind::Alias, Some(NOW))
        .await
        .unwrap();
    let (found, kind, until) = store
        .principal_by_address("old@here.example")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.id, kind, until), (a, AddressKind::Alias, Some(NOW)));
    assert_eq!(found.address, "a@here.example");
    let kinds: Vec<_> = store
        .addresses_of(a)
        .await
        .unwrap()
        .iter()
        .map(|one| one.kind)
        .collect();
    assert_eq!(kinds, [AddressKind::Primary, AddressKind::Alias]);
    assert!(
        !store.address_remove("a@here.example").await.unwrap(),
        "a primary one stays"
    );
    assert!(store.address_remove("old@here.example").await.unwrap());
    assert!(
        store
            .principal_by_address("old@here.example")
            .await
            .unwrap()
            .is_none()
    );
}

async fn members_and_lists(place: &Place) {
    let store = place.open().await;
    let list = NewPrincipal {
        kind: PrincipalKind::List,
        addresses: vec!["tatca@here.example".to_owned()],
        account: false,
        ..NewPrincipal::default()
    };
    let list = store.principal_add(list).await.unwrap();
    assert!(
        store.account(list.into()).await.is_err(),
        "a list has no mail"
    );
    for member in ["b@x", "a@x", "b@x"] {
        store.list_member_add(list, member).await.unwrap();
    }
    assert_eq!(store.list_members(list).await.unwrap(), ["a@x", "b@x"]);
    store.list_member_remove(list, "a@x").await.unwrap();
    assert_eq!(store.list_members(list).await.unwrap(), ["b@x"]);
    let clerk = PrincipalId::from(person(&store, "clerk@here.example").await.unwrap());
    let unit = person(&store, "unit@here.example").await.unwrap();
    store
        .membership_set(clerk, unit, "read", NOW, None)
        .await
        .unwrap();
    store
        .membership_set(clerk, unit, "read clerk", NOW, Some(NOW + 5))
        .await
        .unwrap();
    let expected = Membership {
        principal: clerk,
        account: unit,
        rights: "read clerk".to_owned(),
        from_at: NOW,
        until_at: Some(NOW + 5),
    };
    assert_eq!(
        store.memberships_of(clerk).await.unwrap(),
        std::slice::from_ref(&expected)
    );
    assert_eq!(store.members_of(unit).await.unwrap(), [expected]);
    store
        .membership_set(clerk, unit, "", NOW, None)
        .await
        .unwrap();
    assert!(store.memberships_of(clerk).await.unwrap().is_empty());
}

fn key(principal: PrincipalId, kind: CredentialKind, lookup: Option<&str>) -> NewCredential {
    NewCredential {
        principal,
        kind,
        name: "máy tính".to_owned(),
        secret_hash: "hash".to_owned(),
        lookup: lookup.map(str::to_owned),
        created_by: None,
        created_at: NOW,
        expires_at: Some(NOW + 1000),
    }
}

async fn a_slip_is_used_once(place: &Place) {
    let store = place.open().await;
    let a = PrincipalId::from(person(&store, "a@here.example").await.unwrap());
    let slip = store
        .credential_add(key(a, CredentialKind::Recovery, Some("l1")))
        .await
        .unwrap();
    let again = store
        .credential_add(key(a, CredentialKind::Recovery, Some("l1")))
        .await;
    assert!(matches!(again, Err(Error::Exists(_))));
    assert!(
        !store.credential_use(slip, NOW + 1000).await.unwrap(),
        "expired"
    );
    let uses = join_all((0..50).map(|_| store.credential_use(slip, NOW + 1))).await;
    assert_eq!(
        uses.into_iter()
            .filter(|used| *used.as_ref().unwrap())
            .count(),
        1
    );
    assert!(
        store
            .credential_by_lookup("l1")
            .await
            .unwrap()
            .unwrap()
            .used_at
            .is_some()
    );
    let revoked = store
        .credential_add(key(a, CredentialKind::Recovery, Some("l2")))
        .await
        .unwrap();
    assert!(store.credential_revoke(revoked, NOW).await.unwrap());
    assert!(
        !store.credential_use(revoked, NOW + 1).await.unwrap(),
        "revoked"
    );
}

async fn keys_and_sessions_end(place: &Place) {
    let store = place.open().await;
    let a = PrincipalId::from(person(&store, "a@here.example").await.unwrap());
    for kind in [
        CredentialKind::AppPassword,
        CredentialKind::AppPassword,
        CredentialKind::Password,
    ] {
        store.credential_add(key(a, kind, None)).await.unwrap();
    }
    let kinds = [CredentialKind::AppPassword];
    assert_eq!(
        store.credentials_revoke_all(a, &kinds, NOW).await.unwrap(),
        2
    );
    let left = store
        .credentials_of(a, CredentialKind::Password)
        .await
        .unwrap();
    assert!(left[0].revoked_at.is_none());
    store.credential_touch(left[0].id, NOW + 2).await.unwrap();
    assert_eq!(
        store
            .credential(left[0].id)
            .await
            .unwrap()
            .unwrap()
            .last_used_at,
        Some(NOW + 2)
    );
    for token in ["t1", "t2"] {
        let new = NewSession {
            token_hash: token.to_owned(),
            principal: a,
            csrf: "c".to_owned(),
            device: "Chrome".to_owned(),
            ip: "192.0.2.1".to_owned(),
            created_at: NOW,
            expires_at: NOW + 10,
        };
        store.session_add(new).await.unwrap();
    }
    store
        .session_touch("t1", NOW + 1, NOW + 20, "192.0.2.2")
        .await
        .unwrap();
    let session = store.session_by_hash("t1").await.unwrap().unwrap();
    assert_eq!(
        (session.expires_at, session.ip.as_str()),
        (NOW + 20, "192.0.2.2")
    );
    assert!(store.session_revoke("t1", NOW).await.unwrap());
    assert!(!store.session_revoke("t1", NOW).await.unwrap());
    assert_eq!(store.sessions_revoke_all(a, NOW).await.unwrap(), 1);
    assert!(
        store
            .sessions_of(a)
            .await
            .unwrap()
            .iter()
            .all(|one| one.revoked_at.is_some())
    );
    assert_eq!(store.sessions_sweep(NOW + 100).await.unwrap(), 2);
}

async fn audited(place: &Place) -> (Store, Vec<i64>) {
    let store = place.open().await;
    let appends = (0..30).map(|number| {
        let new = NewAudit {
            actor: "quản trị".to_owned(),
            action: "slip_make".to_owned(),
            target: format!("người {number}"),
            ..NewAudit::default()
        };
        store.audit_append(new, NOW)
    });
    let mut ids: Vec<i64> = join_all(appends)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    ids.sort_unstable();
    assert_eq!(store.audit_verify().await.unwrap(), None);
    (store, ids)
}

async fn a_changed_audit_row_is_found(place: &Place) {
    let (store, ids) = audited(place).await;
    let newest = store.audit_list("", 5).await.unwrap();
    assert_eq!((newest.len(), newest[0].id), (5, ids[29]));
    let changed = "UPDATE audit SET target = 'ai khác' WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1 OFFSET 10)";
    assert_eq!(place.sql(changed).await, 1);
    assert_eq!(store.audit_verify().await.unwrap(), Some(ids[10]));
}

async fn audit_rows_cut_off_are_missed(place: &Place) {
    let (store, ids) = audited(place).await;
    let cut = "DELETE FROM audit WHERE id = (SELECT MAX(id) FROM audit)";
    assert_eq!(place.sql(cut).await, 1);
    assert_eq!(store.audit_verify().await.unwrap(), Some(ids[29]));
    let cut = "DELETE FROM audit WHERE id = (SELECT id FROM audit ORDER BY id LIMIT 1 OFFSET 3)";
    assert_eq!(place.sql(cut).await, 1);
    assert_eq!(store.audit_verify().await.unwrap(), Some(ids[4]));
}

async fn devices_are_owed_what_came_after_their_cursor(place: &Place) {
    let store = place.open().await;
    let a = person(&store, "a@here.example").await.unwrap();
    let b = person(&store, "b@here.example").await.unwrap();
    store
        .deliver(letter(&store, "trước", "y", &[a], NOW))
        .await
        .unwrap();
    let device = |principal: AccountId, endpoint: &str| NewSubscription {
        principal: principal.into(),
        endpoint: endpoint.to_owned(),
        p256dh: "p".to_owned(),
        auth: "x".to_owned(),
        device: "điện thoại".to_owned(),
        session_hash: Some("s".to_owned()),
        at: NOW,
    };
    let id = store
        .subscription_put(device(a, "https://push.example/1"))
        .await
        .unwrap();
    assert_eq!(
        store
            .subscription_put(device(a, "https://push.example/1"))
            .await
            .unwrap(),
        id
    );
    store
        .subscription_put(device(b, "https://push.example/2"))
        .await
        .unwrap();
    assert!(
        store
            .subscriptions_behind(NOW, 10)
            .await
            .unwrap()
            .is_empty(),
        "only what is new"
    );
    let mut urgent = letter(&store, "khẩn", "y", &[a], NOW);
    urgent.body.derived.urgency = 2;
    store.deliver(urgent).await.unwrap();
    let mut junk = letter(&store, "rác", "y", &[a], NOW);
    junk.copies[0].target = Target::Role(Role::Junk);
    store.deliver(junk).await.unwrap();
    store.close().await;
    let store = place.open().await;
    let owed = store.subscriptions_behind(NOW, 10).await.unwrap();
    assert_eq!(owed.len(), 1);
    assert_eq!((owed[0].letters, owed[0].badge, owed[0].urgency), (1, 2, 2));
    assert_eq!(owed[0].settings, "{}");
    let letters = store.letters_behind(&owed[0], 10).await.unwrap();
    let [arrived] = letters.as_slice() else {
        panic!("the unseen letter of the Inbox alone: {letters:?}");
    };
    assert_eq!(
        (arrived.from_name.as_str(), arrived.subject.as_str()),
        ("Nguyễn Văn An", "khẩn")
    );
    assert!(store.letters_behind(&owed[0], 0).await.unwrap().is_empty());
    store
        .subscription_advance(id, owed[0].subscription.cursor, NOW + 60, 503)
        .await
        .unwrap();
    assert!(
        store
            .subscriptions_behind(NOW, 10)
            .await
            .unwrap()
            .is_empty(),
        "not before its time"
    );
    assert_eq!(
        store.subscriptions_next_at(NOW).await.unwrap(),
        Some(NOW + 60)
    );
    let again = store.subscriptions_behind(NOW + 60, 10).await.unwrap();
    assert_eq!((again.len(), again[0].subscription.failures), (1, 1));
    store
        .subscription_advance(id, again[0].cursor, 0, 201)
        .await
        .unwrap();
    assert!(
        store
            .subscriptions_behind(NOW + 60, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        store.subscriptions_of(a.into()).await.unwrap()[0].failures,
        0
    );
    // An urgent letter that comes while an ordinary one is being told does not wait for the quiet time after it.
    store
        .deliver(letter(&store, "thường", "y", &[a], NOW))
        .await
        .unwrap();
    let told = store.subscriptions_behind(NOW + 60, 10).await.unwrap();
    let mut urgent = letter(&store, "hỏa tốc", "y", &[a], NOW);
    urgent.body.derived.urgency = 2;
    store.deliver(urgent).await.unwrap();
    let settle = |cursor| store.subscription_advance(id, cursor, NOW + 999, 201);
    settle(told[0].cursor).await.unwrap();
    let owed = store.subscriptions_behind(NOW + 60, 10).await.unwrap();
    assert_eq!(owed.len(), 1, "told at once");
    assert_eq!((owed[0].letters, owed[0].urgency), (1, 2));
    settle(owed[0].cursor).await.unwrap();
    store
        .deliver(letter(&store, "sau", "y", &[a], NOW))
        .await
        .unwrap();
    let quiet = store.subscriptions_behind(NOW + 60, 10).await.unwrap();
    assert!(
        quiet.is_empty(),
        "what is not urgent waits for the quiet time"
    );
    assert!(
        store
            .subscription_delete("https://push.example/1")
            .await
            .unwrap()
    );
    assert!(store.subscriptions_of(a.into()).await.unwrap().is_empty());
}
