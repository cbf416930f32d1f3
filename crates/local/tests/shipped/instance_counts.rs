//! How many instances each variant of an endpoint begins with, and the targets by which it is scaled afterwards.

use serde_json::{Value, json};

use crate::endpoints::{MACHINE, endpoint, input, succeeded};
use crate::simulated::{Answer, Services};

#[test]
fn running_instances_are_kept_by_the_variants_name_and_within_the_bounds() {
    let variants = |names: &[&str]| -> Vec<Value> {
        let variant = |name: &&str| json!({"VariantName": name, "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": "2"});
        names.iter().map(variant).collect()
    };
    let mut input = input();
    let mut serverless = json!({"VariantName": "s", "ModelName": "m"});
    serverless["ServerlessConfig"] = json!({"MemorySizeInMB": 2048, "MaxConcurrency": 5});
    input["productionVariants"] = variants(&["a", "b", "c", "d"]).into();
    input["productionVariants"].as_array_mut().unwrap().push(serverless.clone());
    let running = [("d", 9), ("c", 0), ("b", 1), ("a", 3)];
    let running: Vec<Value> = running
        .iter()
        .map(|(name, count)| json!({"VariantName": name, "CurrentInstanceCount": count}))
        .collect();
    let mut present = endpoint("InService");
    present["ProductionVariants"] = running.into();
    for (scaled, expected) in [(true, [3, 1, 2, 4]), (false, [3, 1, 2, 9])] {
        let mut input = input.clone();
        if !scaled {
            input.as_object_mut().unwrap().remove("autoscalingMaxCapacity");
        }
        let mut services = Services::new();
        services.endpoint = Some(present.clone());
        succeeded(services.run(MACHINE, &input));
        let configured = services.request("CreateEndpointConfig")["ProductionVariants"].as_array().unwrap();
        let counts: Vec<_> =
            configured.iter().filter_map(|variant| variant["InitialInstanceCount"].as_i64()).collect();
        assert_eq!(counts, expected);
        assert_eq!(configured.last(), Some(&serverless));
        let targets: Vec<_> = services
            .requests("RegisterScalableTarget")
            .iter()
            .map(|request| &request["ResourceId"])
            .collect();
        let of = |name: &str| json!(format!("endpoint/survival-endpoint/variant/{name}"));
        let all = ["a", "b", "c", "d"].map(of);
        assert_eq!(targets, if scaled { all.iter().collect() } else { Vec::new() });
    }
}

/// The instance count that a variant gets which is asked for with `initial`, when that many are running and the bounds are
/// those, as numbers or as texts.
fn count(initial: &Value, running: Option<Value>, bounds: Option<(Value, Value)>) -> Value {
    let mut input = input();
    input["productionVariants"][0]["InitialInstanceCount"] = initial.clone();
    if initial.is_null() {
        input["productionVariants"][0].as_object_mut().unwrap().remove("InitialInstanceCount");
    }
    let scaled = bounds.is_some();
    match bounds {
        Some((min, max)) => {
            input["autoscalingMinCapacity"] = min;
            input["autoscalingMaxCapacity"] = max;
        }
        None => drop(input.as_object_mut().unwrap().remove("autoscalingMinCapacity")),
    }
    let mut services = Services::new();
    services.endpoint = Some(endpoint("InService"));
    if let Some(running) = running {
        services.endpoint.as_mut().unwrap()["ProductionVariants"] = json!([running]);
    }
    succeeded(services.run(MACHINE, &input));
    if scaled {
        // What is registered are numbers, and the bounds within which the count was brought.
        let target = services.request("RegisterScalableTarget");
        let number = |name: &str| match &input[name] {
            Value::String(text) => text.parse().unwrap(),
            number => number.as_i64().unwrap(),
        };
        assert_eq!(target["MinCapacity"], number("autoscalingMinCapacity"));
        assert_eq!(target["MaxCapacity"], number("autoscalingMaxCapacity"));
    }
    services.request("CreateEndpointConfig")["ProductionVariants"][0]["InitialInstanceCount"].clone()
}

#[test]
fn counts_are_within_the_bounds_whether_those_are_numbers_or_texts() {
    let of = |name: &str, current: u32| Some(json!({"VariantName": name, "CurrentInstanceCount": current}));
    for (min, max) in [(json!(3), json!(10)), (json!("3"), json!("10"))] {
        for (initial, running, expected) in [
            // What runs goes before what is asked for.
            (json!(5), of("v", 4), 4),
            (json!(5), of("v", 1), 3),
            (json!(5), of("v", 12), 10),
            (json!(5), of("v", 3), 3),
            (json!(5), of("v", 10), 10),
            // None runs, or the variant was not there before.
            (json!(5), of("v", 0), 5),
            (json!(5), of("other", 4), 5),
            (json!(5), Some(json!({"VariantName": "v"})), 5),
            (json!(5), None, 5),
            (json!("9"), None, 9),
            (json!("20"), None, 10),
            (json!(1), None, 3),
            (Value::Null, None, 3),
            // How many it should be is not how many there are.
            (
                json!(5),
                Some(json!({"VariantName": "v", "CurrentInstanceCount": 4, "DesiredInstanceCount": 7})),
                4,
            ),
        ] {
            let bounds = Some((min.clone(), max.clone()));
            let what = format!("{initial} with {running:?} within {min} and {max}");
            assert_eq!(count(&initial, running, bounds), expected, "{what}");
        }
    }
    for (initial, running, expected) in [
        (json!("20"), None, 20),
        (Value::Null, None, 1),
        (json!(5), of("v", 12), 12),
        (json!(5), of("v", 0), 5),
    ] {
        assert_eq!(count(&initial, running, None), expected, "{initial}, not scaled");
    }
}

#[test]
fn the_counts_kept_are_those_after_the_waiting() {
    let described = |status: &str, count: u32| {
        let mut description = endpoint(status);
        description["ProductionVariants"] = json!([{"VariantName": "v", "CurrentInstanceCount": count}]);
        description
    };
    let mut answers =
        [described("Updating", 1), described("Updating", 2), described("InService", 4)].into_iter();
    let mut services = Services::answering(|asked| {
        (asked.state == "Describe the present endpoint").then(|| Answer::Output(answers.next().unwrap()))
    });
    services.endpoint = Some(endpoint("InService"));
    succeeded(services.run(MACHINE, &input()));
    let variants = &services.request("CreateEndpointConfig")["ProductionVariants"];
    assert_eq!(variants[0]["InitialInstanceCount"], 4);
}

/// A target that somebody took away, or suspended, is there again after a deployment.
#[test]
fn each_update_registers_every_target_anew_and_lets_it_scale() {
    let mut input = input();
    let second = json!({"VariantName": "w", "ModelName": "m", "InstanceType": "ml.m5.large"});
    input["productionVariants"].as_array_mut().unwrap().push(second);
    for present in [None, Some(endpoint("InService"))] {
        let mut services = Services::new();
        services.endpoint = present;
        succeeded(services.run(MACHINE, &input));
        for (action, member) in
            [("RegisterScalableTarget", "SuspendedState"), ("PutScalingPolicy", "PolicyName")]
        {
            let requests = services.requests(action);
            let targets: Vec<_> =
                requests.iter().map(|request| request["ResourceId"].as_str().unwrap()).collect();
            let of = |variant: &str| format!("endpoint/survival-endpoint/variant/{variant}");
            assert_eq!(targets, [of("v"), of("w")]);
            assert!(requests.iter().all(|request| request.get(member).is_some()), "{action}");
        }
        let suspended = &services.requests("RegisterScalableTarget")[0]["SuspendedState"];
        assert!(suspended.as_object().unwrap().values().all(|value| value == false), "{suspended}");
        // Scaling comes last: a target of an endpoint that changes cannot be registered.
        let order: Vec<_> = services.asked.iter().map(|asked| asked.action.as_str()).collect();
        let at = |action: &str| order.iter().rposition(|asked| *asked == action).unwrap();
        assert!(
            at("DescribeEndpoint")
                < order.iter().position(|asked| *asked == "RegisterScalableTarget").unwrap()
        );
    }
}
