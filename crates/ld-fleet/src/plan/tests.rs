use proptest::prelude::*;

use super::*;

const PATH: &str = "/app/flags";

fn steps(shares: &[u16]) -> Vec<Share> {
    shares.iter().map(|parts| Share::try_from(*parts).unwrap()).collect()
}

fn pace(shares: &[u16]) -> RolloutPace {
    let max_bad = "0.5%".parse().unwrap();
    RolloutPace { steps: steps(shares), soak: Duration::from_secs(300), max_bad, check: false }
}

fn plan() -> RolloutPlan {
    let by = ("alice@build-1".to_owned(), "2026-01-02T03:04:05Z".to_owned());
    let pace = pace(&[100, 1_000, 10_000]);
    RolloutPlan::new("0123456789abcdef".to_owned(), PATH, b"new", pace, 7, by).unwrap()
}

/// The plan with one field replaced.
fn with(field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut json = serde_json::to_value(plan()).unwrap();
    json[field] = value;
    serde_json::to_vec(&json).unwrap()
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    assert_eq!(RolloutPlan::parse(&plan().to_bytes(), PATH), Ok(plan()));
}

#[test]
fn a_plan_knows_its_candidate_and_its_steps() {
    let mut plan = plan();
    assert!(plan.is_candidate(b"new") && !plan.is_candidate(b"new\n"));
    assert_eq!(plan.share, plan.steps[0]);
    assert_eq!(plan.next_share(), Some(plan.steps[1]));
    // A share that was set by hand.
    plan.share = Share::try_from(1_500).unwrap();
    assert_eq!(plan.next_share(), Some(Share::WHOLE));
    plan.share = Share::WHOLE;
    assert_eq!(plan.next_share(), None);
}

#[test]
fn unknown_fields_are_ignored() {
    assert_eq!(RolloutPlan::parse(&with("colour", "blue".into()), PATH), Ok(plan()));
}

#[test]
fn a_plan_of_a_tool_that_counted_no_hosts_is_read() {
    let mut json = serde_json::to_value(plan()).unwrap();
    json.as_object_mut().unwrap().remove("hosts").unwrap();
    assert_eq!(RolloutPlan::parse(&serde_json::to_vec(&json).unwrap(), PATH), Ok(plan()));
}

#[test]
fn a_later_format_is_refused_with_the_remedy() {
    let error = RolloutPlan::parse(br#"{"format": 2, "hosts": "some"}"#, PATH).unwrap_err();
    assert_eq!(error, InvalidPlan::Format { format: 2 });
    assert!(error.to_string().ends_with("update live data"), "{error}");
}

#[test]
fn a_plan_with_a_bad_field_is_refused() {
    for (field, value) in [
        ("format", 0.into()),
        ("format", "1".into()),
        ("id", "short".into()),
        ("id", "0123456789ABCDEF".into()),
        ("id", "0".repeat(65).into()),
        ("path", "/app/other".into()),
        ("candidate_sha256", "ab".into()),
        ("share", 10_001.into()),
        ("share", (-1).into()),
        ("share", 0.5.into()),
        ("state", "done".into()),
        ("steps", serde_json::json!([])),
        ("steps", serde_json::json!([100, 100])),
        ("steps", serde_json::json!([0, 100])),
        ("steps", (1..=101).collect()),
        ("soak_seconds", u64::MAX.into()),
        ("hosts", (-1).into()),
        ("hosts", (MAX_HOSTS + 1).into()),
        ("author", "a".repeat(201).into()),
        ("message", "m".repeat(1_001).into()),
        ("stable_mzxid", serde_json::Value::Null),
    ] {
        assert!(RolloutPlan::parse(&with(field, value.clone()), PATH).is_err(), "{field} = {value}");
    }
}

#[test]
fn what_is_no_plan_is_refused() {
    let nested = "[".repeat(10_000);
    let large = " ".repeat(MAX_PLAN_BYTES + 1);
    for bytes in ["", "null", "{}", "[]", "\u{0}", &nested, &large, r#"{"format": 1, "format": 1}"#] {
        assert!(RolloutPlan::parse(bytes.as_bytes(), PATH).is_err());
    }
    let whole = plan().to_bytes();
    for end in 0..whole.len() {
        assert!(RolloutPlan::parse(&whole[..end], PATH).is_err(), "{end} bytes");
    }
}

#[test]
fn reasons_show_hidden_characters_escaped() {
    for field in ["path", "state"] {
        let error = RolloutPlan::parse(&with(field, "\u{1b}[2J".into()), PATH).unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = RolloutPlan::parse(&bytes, PATH);
    }

    #[test]
    fn a_plan_with_any_byte_changed_is_valid_or_refused(at in 0_usize..500, byte: u8) {
        let mut bytes = plan().to_bytes();
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(changed) = RolloutPlan::parse(&bytes, PATH) {
            prop_assert_eq!(RolloutPlan::parse(&changed.to_bytes(), PATH), Ok(changed));
        }
    }
}
