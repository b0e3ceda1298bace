use super::*;

#[test]
fn the_schema_is_titled_and_describes_every_key() {
    let schema = json_schema();
    assert_eq!(schema["title"], "bench config");
    let mut missing = Vec::new();
    undescribed(&schema, "", &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

fn undescribed(schema: &Json, path: &str, missing: &mut Vec<String>) {
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        if !schema["description"].is_string() {
            missing.push(path.clone());
        }
        undescribed(schema, &path, missing);
        undescribed(&schema["items"], &path, missing);
        for branch in schema["anyOf"].as_array().into_iter().flatten() {
            undescribed(branch, &path, missing);
        }
    }
}

#[test]
fn unknown_keys_are_errors_in_the_schema_where_they_are_errors_here() {
    let schema = json_schema();
    for pointer in [
        "",
        "/properties/dataset",
        "/properties/dataset/properties/parquet",
        "/properties/model",
    ] {
        assert_eq!(
            schema.pointer(pointer).unwrap()["additionalProperties"],
            false,
            "{pointer}"
        );
    }
}

#[test]
fn the_schema_knows_both_names_of_the_reader_and_the_keys_of_dlio() {
    let schema = json_schema();
    assert_eq!(
        schema["properties"]["reader"],
        schema["properties"]["data_reader"]
    );
    assert!(schema["properties"]["reader"]["properties"]["prefetch_size"].is_object());
    assert!(schema["properties"]["metric"]["properties"]["au"].is_object());
}
