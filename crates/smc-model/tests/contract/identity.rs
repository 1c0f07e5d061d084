//! What is written is what is read.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use smc_model::generated::{access_token, landfall, replication_job, source_server, tag, workgroup};
use smc_model::{
    Distinct, Format, Kind, Object, Operation, Parameter, Presence, Request, Value, encode, operations,
    validate,
};

use crate::sample;

/// Calls a generic function for the request type of each of the 28 operations.
macro_rules! for_every_request {
    ($check:ident) => {
        $check::<access_token::CreateAccessTokenRequest>();
        $check::<access_token::DeleteAccessTokenRequest>();
        $check::<access_token::DisableAccessTokenRequest>();
        $check::<access_token::ListAccessTokensRequest>();
        $check::<landfall::DescribeAccessTokenRequest>();
        $check::<landfall::DescribeSourceServerRequest>();
        $check::<landfall::GetAgentEndpointRequest>();
        $check::<landfall::ListAuditEventsRequest>();
        $check::<replication_job::CreateCrossZoneMigrationJobRequest>();
        $check::<replication_job::CreateReplicationJobRequest>();
        $check::<replication_job::CutOverReplicationJobRequest>();
        $check::<replication_job::DeleteReplicationJobRequest>();
        $check::<replication_job::DescribeReplicationJobsRequest>();
        $check::<replication_job::ModifyReplicationJobAttributeRequest>();
        $check::<replication_job::StartReplicationJobRequest>();
        $check::<replication_job::StopReplicationJobRequest>();
        $check::<source_server::DeleteSourceServerRequest>();
        $check::<source_server::DescribeSourceServersRequest>();
        $check::<source_server::ModifySourceServerAttributeRequest>();
        $check::<tag::ListTagResourcesRequest>();
        $check::<tag::TagResourcesRequest>();
        $check::<tag::UntagResourcesRequest>();
        $check::<workgroup::AssociateSourceServersRequest>();
        $check::<workgroup::CreateWorkgroupRequest>();
        $check::<workgroup::DeleteWorkgroupRequest>();
        $check::<workgroup::DescribeWorkgroupsRequest>();
        $check::<workgroup::DisassociateSourceServersRequest>();
        $check::<workgroup::ModifyWorkgroupAttributeRequest>();
    };
}
pub(crate) use for_every_request;

/// The typed request is the table's values, in both directions, from the fewest to all parameters.
fn assert_typed_round_trip<R: Request>() {
    for call in [sample::smallest(R::OPERATION), sample::largest(R::OPERATION)] {
        let name = R::OPERATION.name;
        let request = R::parse(&call).unwrap_or_else(|violation| panic!("{name}: {violation}"));
        let values = validate(R::OPERATION, &call).unwrap();
        assert_eq!(request.write(), Some(Value::Object(values)), "{name}");
        let again = R::parse(&request.encode()).unwrap_or_else(|violation| panic!("{name}: {violation}"));
        assert_eq!(again.write(), request.write(), "{name}");
    }
}

#[test]
fn every_request_type_reads_and_writes_its_table() {
    for_every_request!(assert_typed_round_trip);
}

#[test]
fn every_parameter_is_written_when_it_is_there() {
    for operation in operations() {
        let mut call = sample::largest(operation);
        let mut written = encode(operation, &validate(operation, &call).unwrap());
        call.sort();
        written.sort();
        assert_eq!(written, call, "{}", operation.name);
    }
}

proptest! {
    #[test]
    fn parse_after_encode_is_the_identity((operation, object) in any_call()) {
        let params = encode(operation, &object);
        prop_assert_eq!(validate(operation, &params), Ok(object), "{} {:?}", operation.name, params);
    }

    #[test]
    fn the_order_of_parameters_does_not_matter((operation, object) in any_call(), seed in any::<usize>()) {
        let mut params = encode(operation, &object);
        if !params.is_empty() {
            let middle = seed % params.len();
            params.rotate_left(middle);
        }
        params.reverse();
        prop_assert_eq!(validate(operation, &params), Ok(object));
    }

    #[test]
    fn nothing_sent_makes_it_panic(operation in any_operation(), params in vec((any_name(), any::<String>()), 0..12)) {
        if let Err(violation) = validate(operation, &params) {
            prop_assert_eq!(violation.status, 400);
            prop_assert!(violation.message.len() < 1_200, "{}", violation.message);
        }
    }
}

fn any_operation() -> impl Strategy<Value = &'static Operation> {
    (0..operations().len()).prop_map(|position| operations()[position])
}

/// Names that come near the documented ones.
fn any_name() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        Just("Tag"),
        Just("Key"),
        Just("1"),
        Just("0"),
        Just("21"),
        Just("99999999999"),
        Just("DataDisk"),
        Just("Part"),
        Just("Size"),
        Just("Disks"),
        Just("Data"),
        Just("System"),
        Just("SourceId"),
        Just("ResourceId"),
        Just("Count"),
        Just(""),
        Just("Name"),
        Just("PageSize"),
    ];
    prop_oneof![vec(segment, 1..6).prop_map(|segments| segments.join(".")), any::<String>()]
}

fn any_call() -> impl Strategy<Value = (&'static Operation, Object)> {
    any_operation().prop_flat_map(|operation| {
        any_members(operation.parameters)
            .prop_filter("conditions between parameters", |object| {
                conditions_hold(operation.parameters, object)
            })
            .prop_map(move |object| (operation, object))
    })
}

fn any_members(parameters: &'static [Parameter]) -> BoxedStrategy<Object> {
    parameters.iter().map(any_place).collect::<Vec<_>>().prop_map(Object).boxed()
}

/// What validation may leave in a place: nothing only where that is allowed and there is no default.
fn any_place(parameter: &'static Parameter) -> BoxedStrategy<Option<Value>> {
    let value = match &parameter.repeat {
        None => any_value(parameter),
        Some(repeat) => vec(any_value(parameter), 1..=(repeat.max as usize).min(3))
            .prop_filter("distinct", |values| are_distinct(parameter, values))
            .prop_map(Value::List)
            .boxed(),
    };
    if parameter.presence == Presence::Required || parameter.default.is_some() {
        value.prop_map(Some).boxed()
    } else {
        option::of(value).boxed()
    }
}

fn any_value(parameter: &'static Parameter) -> BoxedStrategy<Value> {
    match &parameter.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Kind::Integer(rule) if rule.choices.is_empty() => {
            (rule.min..=rule.max).prop_map(Value::Integer).boxed()
        }
        Kind::Integer(rule) => proptest::sample::select(rule.choices)
            .prop_map(|choice| Value::Integer(choice.parse().unwrap()))
            .boxed(),
        Kind::Text(rule) if !rule.choices.is_empty() => {
            proptest::sample::select(rule.choices).prop_map(|choice| Value::Text(choice.to_owned())).boxed()
        }
        Kind::Text(rule) => {
            let most = rule.max.min(12);
            match rule.format {
                Format::Plain | Format::Description | Format::TagKey | Format::TagValue => {
                    vec(proptest::char::range('名', '字'), rule.min..=most)
                        .prop_map(String::from_iter)
                        .boxed()
                }
                Format::Name
                | Format::WorkgroupName
                | Format::UserName
                | Format::PolicyName
                | Format::KeyId => {
                    vec(proptest::char::range('a', 'z'), rule.min..=most).prop_map(String::from_iter).boxed()
                }
                Format::Ascii => {
                    vec(proptest::char::range(' ', '~'), rule.min..=most).prop_map(String::from_iter).boxed()
                }
                Format::JsonObject => any::<u32>().prop_map(|number| format!("{{\"a\":{number}}}")).boxed(),
                Format::UtcTime => (1..=28_u32, 0..24_u32, 0..60_u32)
                    .prop_map(|(day, hour, second)| format!("2026-02-{day:02}T{hour:02}:00:{second:02}Z"))
                    .boxed(),
                Format::Id(prefix) => {
                    any::<u32>().prop_map(move |number| format!("{prefix}{number}")).boxed()
                }
            }
            .prop_map(Value::Text)
            .boxed()
        }
        // An object with nothing in it cannot be sent.
        Kind::Object(members) => any_members(members)
            .prop_filter("something is sent", |object| object.0.iter().flatten().any(is_sent))
            .prop_filter("conditions", move |object| conditions_hold(members, object))
            .prop_map(Value::Object)
            .boxed(),
    }
}

fn is_sent(value: &Value) -> bool {
    !matches!(value, Value::Text(text) if text.is_empty())
}

fn are_distinct(parameter: &Parameter, values: &[Value]) -> bool {
    let repeats = |key: fn(&Parameter, &Value, &str) -> Option<Value>, member: &str| {
        let mut seen: Vec<Value> = Vec::new();
        values.iter().filter_map(|value| key(parameter, value, member)).any(|key| {
            let again = seen.contains(&key);
            seen.push(key);
            again
        })
    };
    match parameter.repeat.as_ref().unwrap().distinct {
        Distinct::No => true,
        Distinct::Values(_) => !repeats(|_, value, _| Some(value.clone()), ""),
        Distinct::Member(member, _) => !repeats(member_of, member),
    }
}

fn member_of(parameter: &Parameter, value: &Value, member: &str) -> Option<Value> {
    let Value::Object(object) = value else { return None };
    object.0[parameter.members().iter().position(|other| other.name == member)?].clone()
}

fn conditions_hold(parameters: &[Parameter], object: &Object) -> bool {
    let value = |name: &str| {
        object.0[parameters.iter().position(|parameter| parameter.name == name).unwrap()].as_ref()
    };
    let spelled = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        _ => String::new(),
    };
    parameters.iter().zip(&object.0).filter(|(_, place)| place.is_none()).all(
        |(parameter, _)| match parameter.presence {
            Presence::RequiredIf(name, expected) => value(name).map(spelled).as_deref() != Some(expected),
            Presence::RequiredWith(name) => value(name).is_none(),
            _ => true,
        },
    )
}
