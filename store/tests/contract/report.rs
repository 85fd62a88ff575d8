//! Reports: counts add up until they are told; a report that came counts once.
use store::{ReportDay, ReportKind, ReportSeen};

use super::place::{Case, NOW, Place};

pub fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("report_counts", |p| Box::pin(counts(p))),
        ("report_seen", |p| Box::pin(seen(p))),
    ]
}

async fn counts(place: &Place) {
    let store = place.open().await;
    let of = |day, kind, domain: &str| ReportDay {
        day,
        kind,
        domain: domain.into(),
    };
    let tls = of(20_000, ReportKind::Tls, "dich.example");
    let dmarc = of(20_000, ReportKind::Dmarc, "dich.example");
    let today = of(20_001, ReportKind::Tls, "dich.example");
    let row = |of: &ReportDay, detail: &str, count| (of.clone(), detail.to_owned(), count);
    store
        .report_add(vec![
            row(&tls, "a", 2),
            row(&tls, "b", 1),
            row(&dmarc, "a", 7),
        ])
        .await
        .unwrap();
    store
        .report_add(vec![row(&tls, "b", 4), row(&today, "a", 1)])
        .await
        .unwrap();
    assert_eq!(
        store.report_due(20_001, 10).await.unwrap(),
        [dmarc.clone(), tls.clone()]
    );
    assert_eq!(
        store.report_of(&tls, 10).await.unwrap(),
        [("b".to_owned(), 5), ("a".to_owned(), 2)]
    );
    assert_eq!(store.report_of(&tls, 1).await.unwrap().len(), 1);
    store.report_told(&tls).await.unwrap();
    assert_eq!(store.report_due(20_002, 10).await.unwrap(), [dmarc, today]);
    assert_eq!(store.report_of(&tls, 10).await.unwrap(), []);
}

async fn seen(place: &Place) {
    let store = place.open().await;
    let report = ReportSeen {
        kind: ReportKind::Tls,
        submitter: "gui.example".into(),
        domain: "tinh.example".into(),
        begins_at: NOW - 10,
        ends_at: NOW - 5,
        good: 12,
        bad: 1,
        proven: true,
        detail: "certificate-expired: mx.tinh.example".into(),
        received_at: NOW,
    };
    assert!(store.report_seen_add("1", report.clone()).await.unwrap());
    assert!(!store.report_seen_add("1", report.clone()).await.unwrap());
    let later = ReportSeen {
        received_at: NOW + 1,
        proven: false,
        ..report.clone()
    };
    assert!(store.report_seen_add("2", later.clone()).await.unwrap());
    assert_eq!(
        store.report_seen(0, 10).await.unwrap(),
        [later.clone(), report]
    );
    assert_eq!(store.report_seen(NOW, 10).await.unwrap(), [later]);
    assert_eq!(store.report_seen_sweep(NOW + 1).await.unwrap(), 1);
    assert_eq!(store.report_seen(0, 10).await.unwrap().len(), 1);
}
