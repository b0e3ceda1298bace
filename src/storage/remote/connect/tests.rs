//! The variables, files and keys that settings of stores come from, one by one.

use std::io::Write;

use rstest::rstest;

use super::*;

/// Variables without which clients would ask a metadata service.
const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "planted"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

fn address(url: &str) -> Address {
    Address::parse(url).unwrap()
}

fn environment(more: &[(&str, &str)]) -> Environment {
    let all: Vec<_> = KEYS.iter().chain(more).copied().collect();
    Environment::of(&all)
}

fn s3(connection: &Connection, environment: &Environment) -> Setup<AmazonS3Builder> {
    s3_setup(&address("s3://bucket/a"), connection, environment)
        .map_err(|error| panic_with(&error))
        .unwrap()
}

#[allow(clippy::panic)]
fn panic_with(error: &str) {
    panic!("{error}");
}

fn of(setup: &Setup<AmazonS3Builder>, key: AmazonS3ConfigKey) -> Option<String> {
    setup.builder.get_config_value(&key)
}

#[rstest]
#[case(&[], None)]
#[case(&[("AWS_ENDPOINT", "http://a")], Some("http://a"))]
#[case(&[("AWS_ENDPOINT", "http://a"), ("AWS_ENDPOINT_URL", "http://b")], Some("http://b"))]
#[case(&[("AWS_ENDPOINT_URL", "http://b"), ("AWS_ENDPOINT_URL_S3", "http://c")], Some("http://c"))]
fn the_endpoint_for_s3_is_the_most_precise(
    #[case] variables: &[(&str, &str)],
    #[case] expected: Option<&str>,
) {
    let setup = s3(&Connection::default(), &environment(variables));
    assert_eq!(setup.endpoints, [expected.map(str::to_owned)]);
    let allow = AmazonS3ConfigKey::Client(object_store::ClientConfigKey::AllowHttp);
    let allowed = of(&setup, allow).as_deref() == Some("true");
    assert_eq!(allowed, expected.is_some());
    // With an endpoint, the bucket stands in the path.
    let hosted = of(&setup, AmazonS3ConfigKey::VirtualHostedStyleRequest);
    assert_eq!(hosted.as_deref() == Some("true"), expected.is_none());
}

#[test]
fn several_endpoints_may_stand_in_a_list() {
    let variables = [
        ("S3_ENDPOINT_URIS", "http://a, http://b"),
        ("AWS_ENDPOINT_URL", "http://c"),
    ];
    let setup = s3(&Connection::default(), &environment(&variables));
    assert_eq!(
        setup.endpoints,
        [Some("http://a".to_owned()), Some("http://b".to_owned())]
    );
    let chosen = Connection {
        endpoints: vec!["https://d".to_owned()],
        ..Connection::default()
    };
    assert_eq!(
        s3(&chosen, &environment(&variables)).endpoints,
        [Some("https://d".to_owned())]
    );
}

#[rstest]
#[case(&[], "us-east-1")]
#[case(&[("AWS_DEFAULT_REGION", "eu-north-1")], "eu-north-1")]
#[case(&[("AWS_DEFAULT_REGION", "eu-north-1"), ("AWS_REGION", "eu-west-1")], "eu-west-1")]
fn the_region_is_that_of_the_environment(
    #[case] variables: &[(&str, &str)],
    #[case] expected: &str,
) {
    let setup = s3(&Connection::default(), &environment(variables));
    assert_eq!(of(&setup, AmazonS3ConfigKey::Region).unwrap(), expected);
}

#[test]
fn keys_come_from_the_config_then_the_environment_then_a_profile() {
    let mut credentials = tempfile::NamedTempFile::new().unwrap();
    writeln!(
        credentials,
        "[default]\naws_access_key_id = default-id\naws_secret_access_key = default/secret+x=\n\n\
         [lab]\naws_access_key_id = lab-id\naws_secret_access_key = lab-secret\naws_session_token = lab-token"
    )
    .unwrap();
    let mut config = tempfile::NamedTempFile::new().unwrap();
    writeln!(
        config,
        "[default]\nregion = sa-east-1\n[profile lab]\nregion = eu-central-1\nendpoint_url = http://lab\n\
         max_attempts = 4\ns3 =\n  addressing_style = virtual\n[profile sso]\nsso_session = my\n"
    )
    .unwrap();
    let files = [
        (
            "AWS_SHARED_CREDENTIALS_FILE",
            credentials.path().to_str().unwrap(),
        ),
        ("AWS_CONFIG_FILE", config.path().to_str().unwrap()),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let with = |more: &[(&str, &str)]| {
        let all: Vec<_> = files.iter().chain(more).copied().collect();
        Environment::of(&all)
    };
    let id = |setup: &Setup<AmazonS3Builder>| of(setup, AmazonS3ConfigKey::AccessKeyId).unwrap();
    let default = s3(&Connection::default(), &with(&[]));
    assert_eq!(id(&default), "default-id");
    assert_eq!(
        of(&default, AmazonS3ConfigKey::SecretAccessKey).unwrap(),
        "default/secret+x="
    );
    assert_eq!(
        of(&default, AmazonS3ConfigKey::Region).unwrap(),
        "sa-east-1"
    );
    let lab = s3(&Connection::default(), &with(&[("AWS_PROFILE", "lab")]));
    assert_eq!(id(&lab), "lab-id");
    assert_eq!(of(&lab, AmazonS3ConfigKey::Token).unwrap(), "lab-token");
    assert_eq!(of(&lab, AmazonS3ConfigKey::Region).unwrap(), "eu-central-1");
    assert_eq!(lab.endpoints, [Some("http://lab".to_owned())]);
    assert_eq!(lab.common.retry.max_retries, 3);
    assert_eq!(
        of(&lab, AmazonS3ConfigKey::VirtualHostedStyleRequest).unwrap(),
        "true"
    );
    let both = with(&[("AWS_PROFILE", "lab"), KEYS[0], KEYS[1]]);
    assert_eq!(id(&s3(&Connection::default(), &both)), "id");
    let named = Connection {
        profile: Some("lab".to_owned()),
        ..Connection::default()
    };
    assert_eq!(id(&s3(&named, &with(&[KEYS[0], KEYS[1]]))), "lab-id");
    let written = Connection {
        access_key_id: Some(Secret::new("written-id")),
        secret_access_key: Some(Secret::new("written-secret")),
        ..named
    };
    assert_eq!(id(&s3(&written, &both)), "written-id");

    let refused = |more: &[(&str, &str)]| {
        s3_setup(
            &address("s3://bucket/a"),
            &Connection::default(),
            &with(more),
        )
        .err()
        .unwrap()
    };
    let missing = refused(&[("AWS_PROFILE", "none")]);
    assert!(
        missing.contains("there is no profile `none` in "),
        "{missing}"
    );
    let sso = refused(&[("AWS_PROFILE", "sso")]);
    assert!(
        sso.contains("`sso_session`") && sso.contains("export-credentials"),
        "{sso}"
    );
}

#[test]
fn an_anonymous_client_needs_no_keys() {
    let none = Environment::of(&[("AWS_EC2_METADATA_DISABLED", "true")]);
    let refused = s3_setup(&address("s3://bucket/a"), &Connection::default(), &none)
        .err()
        .unwrap();
    for words in [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "storage.options.anonymous",
    ] {
        assert!(refused.contains(words), "{refused}");
    }
    let anonymous = Connection {
        anonymous: true,
        ..Connection::default()
    };
    for (connection, variables) in [
        (anonymous, vec![("AWS_EC2_METADATA_DISABLED", "true")]),
        (
            Connection::default(),
            vec![
                ("AWS_EC2_METADATA_DISABLED", "true"),
                ("AWS_SKIP_SIGNATURE", "true"),
            ],
        ),
    ] {
        let setup = s3(&connection, &Environment::of(&variables));
        assert_eq!(
            of(&setup, AmazonS3ConfigKey::SkipSignature).unwrap(),
            "true"
        );
    }
}

#[test]
fn roles_are_left_to_the_client() {
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("AWS_ROLE_ARN", "arn:role"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let setup = s3(&Connection::default(), &Environment::of(&variables));
    assert_eq!(
        of(&setup, AmazonS3ConfigKey::WebIdentityTokenFile).unwrap(),
        "/token"
    );
    assert_eq!(of(&setup, AmazonS3ConfigKey::RoleArn).unwrap(), "arn:role");
}

#[test]
fn attempts_and_certificates_are_taken_from_the_environment() {
    let tried = s3(
        &Connection::default(),
        &environment(&[("AWS_MAX_ATTEMPTS", "3")]),
    );
    assert_eq!(tried.common.retry.max_retries, 2);
    let own = Connection {
        retries: Some(7),
        ..Connection::default()
    };
    let tried = s3(&own, &environment(&[("AWS_MAX_ATTEMPTS", "3")]));
    assert_eq!(tried.common.retry.max_retries, 7);
    let refused = |variables: &[(&str, &str)]| {
        let environment = environment(variables);
        s3_setup(
            &address("s3://bucket/a"),
            &Connection::default(),
            &environment,
        )
        .err()
        .unwrap()
    };
    let none = refused(&[("AWS_MAX_ATTEMPTS", "0")]);
    assert!(none.contains("AWS_MAX_ATTEMPTS: `0`"), "{none}");
    let missing = refused(&[("AWS_CA_BUNDLE", "/no/such.pem")]);
    assert!(
        missing.contains("the certificates in /no/such.pem"),
        "{missing}"
    );
    let mut empty = tempfile::NamedTempFile::new().unwrap();
    empty.write_all(b"nothing").unwrap();
    let bad = refused(&[("AWS_CA_BUNDLE", empty.path().to_str().unwrap())]);
    assert!(bad.contains("there are none in PEM"), "{bad}");
}

fn azure(
    url: &str,
    connection: &Connection,
    variables: &[(&str, &str)],
) -> Setup<MicrosoftAzureBuilder> {
    let mut all = vec![("AZURE_POD_IDENTITY_AUTHORITY_HOST", "127.0.0.1:1")];
    all.extend(variables);
    azure_setup(&address(url), connection, &Environment::of(&all))
        .map_err(|error| panic_with(&error))
        .unwrap()
}

#[rstest]
#[case(&[("AZURE_STORAGE_ACCOUNT", "acc"), ("AZURE_STORAGE_KEY", "a2V5")], "acc", Some("a2V5"), None)]
#[case(&[("AZURE_STORAGE_ACCOUNT_NAME", "acc"), ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")], "acc", Some("a2V5"), None)]
#[case(&[("AZURE_STORAGE_ACCOUNT_NAME", "acc"), ("AZURE_STORAGE_ACCESS_KEY", "a2V5")], "acc", Some("a2V5"), None)]
#[case(
    &[("AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=a2V5==;EndpointSuffix=core.windows.net")],
    "acc",
    Some("a2V5=="),
    Some("https://acc.blob.core.windows.net")
)]
#[case(
    &[("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")],
    "devstoreaccount1",
    Some(AZURE_EMULATOR.2),
    Some(AZURE_EMULATOR.0)
)]
#[case(&[("AZURE_STORAGE_USE_EMULATOR", "true")], "devstoreaccount1", Some(AZURE_EMULATOR.2), Some(AZURE_EMULATOR.0))]
#[case(&[("AZURE_STORAGE_ACCOUNT", "acc"), ("AZURE_STORAGE_KEY", "a2V5"), ("AZURE_STORAGE_ENDPOINT", "http://host/acc")], "acc", Some("a2V5"), Some("http://host/acc"))]
fn azure_has_several_names_for_each_setting(
    #[case] variables: &[(&str, &str)],
    #[case] account: &str,
    #[case] key: Option<&str>,
    #[case] endpoint: Option<&str>,
) {
    let setup = azure("az://box/a", &Connection::default(), variables);
    let value = |key: AzureConfigKey| setup.builder.get_config_value(&key);
    assert_eq!(value(AzureConfigKey::AccountName).as_deref(), Some(account));
    assert_eq!(value(AzureConfigKey::AccessKey).as_deref(), key);
    assert_eq!(value(AzureConfigKey::ContainerName).as_deref(), Some("box"));
    assert_eq!(setup.endpoints, [endpoint.map(str::to_owned)]);
}

#[test]
fn azure_takes_signatures_service_principals_and_accounts_of_urls() {
    let sas = [
        ("AZURE_STORAGE_ACCOUNT", "acc"),
        ("AZURE_STORAGE_SAS_TOKEN", "?sv=1&sig=planted"),
    ];
    let setup = azure("az://box/a", &Connection::default(), &sas);
    assert_eq!(
        setup
            .builder
            .get_config_value(&AzureConfigKey::SasKey)
            .unwrap(),
        "sv=1&sig=planted"
    );
    let principal = [
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_CLIENT_SECRET", "planted"),
        ("AZURE_TENANT_ID", "t"),
    ];
    let setup = azure(
        "abfss://box@acc.dfs.core.windows.net/a",
        &Connection::default(),
        &principal,
    );
    assert_eq!(
        setup
            .builder
            .get_config_value(&AzureConfigKey::AccountName)
            .unwrap(),
        "acc"
    );
    assert_eq!(
        setup
            .builder
            .get_config_value(&AzureConfigKey::ClientId)
            .unwrap(),
        "c"
    );
    let none = Environment::of(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", "127.0.0.1:1")]);
    let refused = |url: &str| {
        azure_setup(&address(url), &Connection::default(), &none)
            .err()
            .unwrap()
    };
    let unknown = refused("az://box/a");
    assert!(unknown.contains("AZURE_STORAGE_ACCOUNT"), "{unknown}");
    let keyless = refused("abfss://box@acc.dfs.core.windows.net/a");
    assert!(keyless.contains("AZURE_STORAGE_KEY"), "{keyless}");
}

#[rstest]
#[case("STORAGE_EMULATOR_HOST", "127.0.0.1:9023", "http://127.0.0.1:9023")]
#[case(
    "STORAGE_EMULATOR_HOST",
    "http://127.0.0.1:9023",
    "http://127.0.0.1:9023"
)]
#[case("GCS_ENDPOINT_URL", "https://host", "https://host")]
fn google_s_emulator_is_asked_without_credentials(
    #[case] name: &str,
    #[case] value: &str,
    #[case] expected: &str,
) {
    let variables = Environment::of(&[(name, value), ("GCE_METADATA_HOST", "127.0.0.1:1")]);
    let address = address("gs://bucket/a");
    let setup = google_setup(&address, &Connection::default(), &variables)
        .map_err(|error| panic_with(&error))
        .unwrap();
    assert_eq!(setup.endpoints, [Some(expected.to_owned())]);
    let skips = setup
        .builder
        .get_config_value(&GoogleConfigKey::SkipSignature);
    assert_eq!(skips.as_deref(), Some("true"));
    assert!(of_google(&address, &Connection::default(), &variables).is_ok());
}

#[test]
fn google_takes_a_file_of_credentials_or_says_what_would_do() {
    let closed = ("GCE_METADATA_HOST", "127.0.0.1:1");
    let address = address("gs://bucket/a");
    let refused = google_setup(
        &address,
        &Connection::default(),
        &Environment::of(&[closed]),
    );
    let refused = refused.err().unwrap();
    assert!(
        refused.contains("GOOGLE_APPLICATION_CREDENTIALS"),
        "{refused}"
    );
    let named = [closed, ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such.json")];
    let setup = google_setup(&address, &Connection::default(), &Environment::of(&named))
        .map_err(|error| panic_with(&error))
        .unwrap();
    let file = setup
        .builder
        .get_config_value(&GoogleConfigKey::ApplicationCredentials);
    assert_eq!(file.as_deref(), Some("/no/such.json"));
    let anonymous = Connection {
        anonymous: true,
        ..Connection::default()
    };
    assert!(of_google(&address, &anonymous, &Environment::of(&[closed])).is_ok());
}

#[test]
fn a_server_is_shown_without_user_and_password() {
    assert_eq!(
        &*shown("http://me:planted@host:9000/a?b"),
        "http://host:9000/a"
    );
}
