//! Clients of stores, made from a config's settings and the environment.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GcpCredential, GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::{ClientOptions, ObjectStore, RetryConfig, StaticCredentialProvider};

use super::address::{Address, StoreKind};
use super::environment::{Environment, Profile, profile};
use super::guard::{GuardedConnector, KnownTags, SignedQueries};
use super::wire_ledger::Endpoint;
use crate::config::{Connection, without_secrets_of_urls};
use crate::secret::Secret;

/// Longest time without a byte, and to connect, where the config says nothing.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Region of stores that have none.
const DEFAULT_REGION: &str = "us-east-1";

/// Requests that metadata services answer, without the host.
const TOKEN_OF_AWS: &str = "PUT /latest/api/token HTTP/1.1\r\nContent-Length: 0\r\n\
                            X-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
const ANYTHING: &str = "GET / HTTP/1.1\r\nMetadata-Flavor: Google\r\nMetadata: true\r\n";

/// Address at which Azure's emulator listens.
const AZURE_EMULATOR: (&str, &str, &str) = (
    "http://127.0.0.1:10000/devstoreaccount1",
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
);

/// Clients of one store, one for each endpoint.
pub(super) struct Clients {
    /// Each with its endpoint's URL, without user and password.
    pub(super) of_endpoints: Vec<(Arc<str>, Arc<dyn ObjectStore>)>,
    pub(super) tags: KnownTags,
    pub(super) queries: SignedQueries,
}

/// Settings that clients of all kinds share.
struct Common {
    options: ClientOptions,
    retry: RetryConfig,
    patience: Duration,
    /// True for a server of HTTP, which may not know ranges.
    needs_ranges: bool,
    connect_patience: Duration,
    certificates: Arc<Vec<reqwest::Certificate>>,
    /// User and password of a server of HTTP, as its header has them.
    authorization: Option<Secret>,
}

impl Common {
    fn of(
        connection: &Connection,
        allow_http: bool,
        ca_file: Option<&Path>,
        retries: Option<u32>,
    ) -> Result<Self, String> {
        let mut certificates = Vec::new();
        if let Some(file) = ca_file {
            let failed = |reason: String| {
                format!(
                    "the certificates in {} cannot be used: {reason}",
                    file.display()
                )
            };
            let pem = fs::read(file).map_err(|error| failed(error.to_string()))?;
            certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| failed(error.to_string()))?;
            if certificates.is_empty() {
                return Err(failed("there are none in PEM".to_owned()));
            }
        }
        let mut retry = RetryConfig::default();
        if let Some(retries) = connection.retries.or(retries) {
            retry.max_retries = retries as usize;
        }
        if let Some(limit) = connection.retry_timeout {
            retry.retry_timeout = limit;
        }
        Ok(Common {
            // The guard bounds each wait by itself: the client's own limit is one for a whole
            // body, however large.
            options: ClientOptions::new()
                .with_timeout_disabled()
                .with_allow_http(allow_http),
            connect_patience: connection.connect_timeout.unwrap_or(CONNECT_PATIENCE),
            certificates: Arc::new(certificates),
            authorization: None,
            retry,
            patience: connection.timeout.unwrap_or(PATIENCE),
            needs_ranges: false,
        })
    }

    fn connector(&self, clients: &Clients, index: usize, url: &Arc<str>) -> GuardedConnector {
        GuardedConnector {
            endpoint: Endpoint {
                index,
                url: Arc::clone(url),
            },
            patience: self.patience,
            tags: Arc::clone(&clients.tags),
            queries: Arc::clone(&clients.queries),
            needs_ranges: self.needs_ranges,
            connect_patience: self.connect_patience,
            certificates: Arc::clone(&self.certificates),
            authorization: self.authorization.clone(),
        }
    }
}

/// Makes the clients of an address's store. Nothing is sent.
///
/// # Errors
///
/// The reason in words: settings that do not do, or no credentials.
pub(super) fn clients(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Clients, String> {
    match address.kind {
        StoreKind::S3 => of_s3(address, connection, environment),
        StoreKind::Google => of_google(address, connection, environment),
        StoreKind::Azure => of_azure(address, connection, environment),
        StoreKind::Http => of_http(address, connection, environment),
    }
}

fn is_plain(url: &str) -> bool {
    url.starts_with("http://")
}

/// True if there are endpoints, and all are without TLS. The usual one has it.
fn all_plain(endpoints: &[Option<String>]) -> bool {
    endpoints
        .iter()
        .all(|it| it.as_deref().is_some_and(is_plain))
}

/// Returns a server's URL without its user and password.
fn shown(url: &str) -> Arc<str> {
    match url::Url::parse(url) {
        Ok(mut parsed) => {
            if let Some(password) = parsed.password() {
                drop(Secret::new(password));
            }
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.set_query(None);
            Arc::from(parsed.as_str().trim_end_matches('/'))
        }
        Err(_) => Arc::from("?"),
    }
}

/// Makes a client for each endpoint.
fn for_each<B>(
    setup: &Setup<B>,
    build: impl Fn(
        &Clients,
        usize,
        &Arc<str>,
        Option<&str>,
    ) -> object_store::Result<Arc<dyn ObjectStore>>,
) -> Result<Clients, String> {
    let mut clients = Clients {
        of_endpoints: Vec::new(),
        tags: KnownTags::default(),
        queries: SignedQueries::default(),
    };
    for (index, endpoint) in setup.endpoints.iter().enumerate() {
        let usual = || Arc::from(setup.usual_endpoint.as_str());
        let url = endpoint.as_deref().map_or_else(usual, shown);
        let client = build(&clients, index, &url, endpoint.as_deref());
        let client = client.map_err(|error| super::guard::with_causes(&error))?;
        clients.of_endpoints.push((url, client));
    }
    Ok(clients)
}

/// Returns the endpoints of a config, or else those of the environment, or else none in particular.
///
/// # Errors
///
/// One of the environment is not the URL of a server.
fn endpoints_of(
    connection: &Connection,
    found: Vec<String>,
) -> Result<Vec<Option<String>>, String> {
    let all = match connection.endpoints.is_empty() {
        false => connection.endpoints.clone(),
        true => found,
    };
    for endpoint in &all {
        if !Connection::is_endpoint(endpoint) {
            return Err(format!(
                "the endpoint `{}` of the environment is not the URL of a server, as `https://HOST` or `http://HOST:PORT`",
                without_secrets_of_urls(endpoint)
            ));
        }
    }
    Ok(match all.is_empty() {
        true => vec![None],
        false => all.into_iter().map(Some).collect(),
    })
}

/// Returns the endpoints that the environment names for S3, several or one.
fn s3_endpoints(
    environment: &Environment,
    profile: Option<&Profile>,
) -> Result<Vec<String>, String> {
    if let Some(several) = environment.first(&["S3_ENDPOINT_URIS"]) {
        let each = several.split(',').map(str::trim);
        let each: Vec<String> = each
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect();
        return match each.is_empty() {
            true => Err("S3_ENDPOINT_URIS names no URL".to_owned()),
            false => Ok(each),
        };
    }
    let one = environment.first(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
    let one = one.map(str::to_owned);
    let one = one.or_else(|| profile?.endpoint_url.clone());
    Ok(one.into_iter().collect())
}

/// Variables that AWS's clients take credentials from by themselves.
const S3_TOKEN_SOURCES: [&str; 3] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// A builder of clients with all settings but the endpoint, and the endpoints.
struct Setup<B> {
    builder: B,
    /// Each is absent for the usual one.
    endpoints: Vec<Option<String>>,
    usual_endpoint: String,
    common: Common,
}

fn of_s3(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Clients, String> {
    let setup = s3_setup(address, connection, environment)?;
    let virtual_hosted = AmazonS3ConfigKey::VirtualHostedStyleRequest;
    let virtual_hosted = setup.builder.get_config_value(&virtual_hosted);
    let path_style = virtual_hosted.as_deref() != Some("true");
    for_each(&setup, |clients, index, url, endpoint| {
        let connector = setup.common.connector(clients, index, url);
        let mut builder = setup.builder.clone().with_http_connector(connector);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(match path_style {
                true => endpoint.to_owned(),
                false => with_bucket(endpoint, &address.bucket),
            });
        }
        Ok(Arc::new(builder.build()?))
    })
}

fn s3_setup(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Setup<AmazonS3Builder>, String> {
    let profile = profile(connection.profile.as_deref(), environment)?;
    let profile = profile.as_ref();
    let endpoints = endpoints_of(connection, s3_endpoints(environment, profile)?)?;
    let has_endpoint = endpoints.iter().any(Option::is_some);
    let allow_http = connection
        .allow_http
        .unwrap_or(all_plain(&endpoints) || environment.is_true(&["AWS_ALLOW_HTTP"]));
    let ca_bundle = environment.first(&["AWS_CA_BUNDLE"]);
    let ca_bundle = ca_bundle.or_else(|| profile?.ca_bundle.as_deref());
    let ca_file = connection.ca_file.as_deref().or(ca_bundle.map(Path::new));
    let attempts = environment.first(&["AWS_MAX_ATTEMPTS"]);
    let attempts = attempts.or_else(|| profile?.max_attempts.as_deref());
    let attempts = attempts
        .map(|text| {
            let parsed = text.parse::<u32>().ok().filter(|it| *it > 0);
            parsed.ok_or_else(|| {
                format!("AWS_MAX_ATTEMPTS: `{text}` is not a number of attempts, 1 or more")
            })
        })
        .transpose()?;
    let common = Common::of(connection, allow_http, ca_file, attempts.map(|it| it - 1))?;

    // The client's own variables first, such as those of roles and of encryption.
    let mut builder = AmazonS3Builder::new();
    for (name, value) in environment.with_prefix("AWS_") {
        let key = name.to_ascii_lowercase().parse::<AmazonS3ConfigKey>();
        // Keys, endpoints and the like are chosen below.
        if let Ok(key) = key.map_err(drop)
            && !matches!(
                key,
                AmazonS3ConfigKey::Endpoint
                    | AmazonS3ConfigKey::S3Endpoint
                    | AmazonS3ConfigKey::Bucket
                    | AmazonS3ConfigKey::AccessKeyId
                    | AmazonS3ConfigKey::SecretAccessKey
                    | AmazonS3ConfigKey::Token
                    | AmazonS3ConfigKey::MetadataEndpoint
                    | AmazonS3ConfigKey::Client(_)
            )
        {
            builder = builder.with_config(key, value);
        }
    }
    let region = connection.region.as_deref();
    let region = region.or(environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]));
    let region = region.or_else(|| profile?.region.as_deref());
    let region = region.unwrap_or(DEFAULT_REGION);
    let anonymous =
        connection.anonymous || environment.is_true(&["AWS_SKIP_SIGNATURE", "AWS_NO_SIGN_REQUEST"]);
    builder = builder
        .with_bucket_name(&address.bucket)
        .with_region(region)
        .with_client_options(common.options.clone())
        .with_retry(common.retry.clone());
    let has_token_source = environment.first(&S3_TOKEN_SOURCES).is_some();
    builder = match s3_keys(connection, environment, profile)? {
        _ if anonymous => builder
            .with_access_key_id("anonymous")
            .with_secret_access_key("anonymous")
            .with_skip_signature(true),
        Some(keys) => {
            let builder = builder
                .with_access_key_id(keys.id.reveal())
                .with_secret_access_key(keys.secret.reveal());
            match keys.token {
                Some(token) => builder.with_token(token.reveal()),
                None => builder,
            }
        }
        None if has_token_source => builder,
        None => {
            let addresses = ["AWS_METADATA_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT"];
            let other = profile.and_then(|it| it.other_way);
            let may_ask = other.is_none() && !environment.is_true(&["AWS_EC2_METADATA_DISABLED"]);
            if !may_ask || !environment.has_metadata_service(&addresses, TOKEN_OF_AWS) {
                return Err(no_s3_credentials(other));
            }
            match environment.first(&addresses) {
                Some(address) => builder.with_metadata_endpoint(address),
                None => builder,
            }
        }
    };
    let path_style = connection.path_style.or_else(|| profile?.path_style);
    let path_style = path_style.unwrap_or(has_endpoint || address.bucket.contains('.'));
    let is_address = |endpoint: &String| {
        let parsed = url::Url::parse(endpoint);
        parsed.is_ok_and(|url| url.domain().is_none())
    };
    if let Some(endpoint) = endpoints
        .iter()
        .flatten()
        .find(|it| !path_style && is_address(it))
    {
        return Err(format!(
            "`{}` is an address, and a bucket stands before a name only; leave storage.options.path_style out, or set it to true",
            shown(endpoint)
        ));
    }
    builder = builder.with_virtual_hosted_style_request(!path_style);
    Ok(Setup {
        usual_endpoint: format!("https://s3.{region}.amazonaws.com"),
        builder,
        endpoints,
        common,
    })
}

/// Writes the bucket before an endpoint's host.
fn with_bucket(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => endpoint.to_owned(),
    }
}

struct S3Keys {
    id: Secret,
    secret: Secret,
    token: Option<Secret>,
}

/// Returns the keys of the config, of its profile, of the environment, or of the environment's
/// profile, in this order.
fn s3_keys(
    connection: &Connection,
    environment: &Environment,
    profile: Option<&Profile>,
) -> Result<Option<S3Keys>, String> {
    let of_profile = profile.map(|it| {
        (
            it.access_key_id.clone(),
            it.secret_access_key.clone(),
            it.session_token.clone(),
            "the profile's `aws_access_key_id`",
            "`aws_secret_access_key`",
        )
    });
    let of_config = (
        connection.access_key_id.clone(),
        connection.secret_access_key.clone(),
        connection.session_token.clone(),
        "`storage.options.access_key_id`",
        "`secret_access_key`",
    );
    let of_environment = (
        environment.first(&["AWS_ACCESS_KEY_ID"]).map(Secret::name),
        environment.secret(&["AWS_SECRET_ACCESS_KEY"]),
        environment.secret(&["AWS_SESSION_TOKEN"]),
        "`AWS_ACCESS_KEY_ID`",
        "`AWS_SECRET_ACCESS_KEY`",
    );
    let sources = match connection.profile.is_some() {
        true => [Some(of_config), of_profile, Some(of_environment)],
        false => [Some(of_config), Some(of_environment), of_profile],
    };
    for (id, secret, token, id_name, secret_name) in sources.into_iter().flatten() {
        match (id, secret) {
            (Some(id), Some(secret)) => return Ok(Some(S3Keys { id, secret, token })),
            (None, None) => {}
            (Some(_), None) => return Err(format!("{id_name} is given without {secret_name}")),
            (None, Some(_)) => return Err(format!("{secret_name} is given without {id_name}")),
        }
    }
    Ok(None)
}

fn no_s3_credentials(other_way: Option<&str>) -> String {
    let other = other_way.map_or_else(String::new, |way| {
        format!(
            "; the profile has `{way}`, which needs AWS's own tools: `aws configure export-credentials --format env` prints \
             variables for the environment"
        )
    });
    format!(
        "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or \
         storage.options.anonymous: true for a public bucket{other}"
    )
}

fn of_google(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Clients, String> {
    let setup = google_setup(address, connection, environment)?;
    for_each(&setup, |clients, index, url, endpoint| {
        let connector = setup.common.connector(clients, index, url);
        let mut builder = setup.builder.clone().with_http_connector(connector);
        if let Some(endpoint) = endpoint {
            builder = builder.with_base_url(endpoint.trim_end_matches('/'));
        }
        Ok(Arc::new(builder.build()?))
    })
}

fn google_setup(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Setup<GoogleCloudStorageBuilder>, String> {
    let emulator = environment.first(&["STORAGE_EMULATOR_HOST", "GCS_ENDPOINT_URL"]);
    let emulator = emulator.map(|host| match host.contains("://") {
        true => host.to_owned(),
        false => format!("http://{host}"),
    });
    let is_emulated = emulator.is_some() && connection.endpoints.is_empty();
    let endpoints = endpoints_of(connection, emulator.into_iter().collect())?;
    let allow_http = connection.allow_http.unwrap_or(all_plain(&endpoints));
    let common = Common::of(connection, allow_http, connection.ca_file.as_deref(), None)?;
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in environment.with_prefix("GOOGLE_") {
        let key = name.to_ascii_lowercase().parse::<GoogleConfigKey>();
        if let Ok(key) = key.map_err(drop)
            && !matches!(key, GoogleConfigKey::Bucket | GoogleConfigKey::Client(_))
        {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(file) = &connection.service_account_file {
        builder = builder.with_service_account_path(file.display().to_string());
    }
    let sources = [
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_SERVICE_ACCOUNT",
        "GOOGLE_SERVICE_ACCOUNT_PATH",
        "GOOGLE_SERVICE_ACCOUNT_KEY",
    ];
    let has_credentials = connection.service_account_file.is_some()
        || environment.first(&sources).is_some()
        || environment.google_user_file().is_some();
    let anonymous =
        connection.anonymous || environment.is_true(&["GOOGLE_SKIP_SIGNATURE"]) || is_emulated;
    if anonymous {
        // Without these, writes ask the metadata service even where signatures are left out.
        let none = GcpCredential {
            bearer: String::new(),
        };
        builder = builder
            .with_skip_signature(true)
            .with_credentials(Arc::new(StaticCredentialProvider::new(none)));
    } else if !has_credentials
        && !environment.has_metadata_service(&["GCE_METADATA_HOST", "GCE_METADATA_IP"], ANYTHING)
    {
        return Err(
            "there are no credentials: set GOOGLE_APPLICATION_CREDENTIALS to a file with a key, run `gcloud auth \
             application-default login`, or set storage.options.anonymous: true for a public bucket"
                .to_owned(),
        );
    }
    builder = builder
        .with_bucket_name(&address.bucket)
        .with_client_options(common.options.clone())
        .with_retry(common.retry.clone());
    Ok(Setup {
        usual_endpoint: "https://storage.googleapis.com".to_owned(),
        builder,
        endpoints,
        common,
    })
}

/// The parts of a connection string of Azure.
#[derive(Default)]
struct ConnectionString {
    account: Option<String>,
    key: Option<Secret>,
    sas: Option<Secret>,
    endpoint: Option<String>,
}

impl ConnectionString {
    fn parse(text: &Secret) -> Result<Self, String> {
        let mut found = ConnectionString::default();
        let (mut suffix, mut protocol) = (None, "https");
        for part in text.reveal().split(';').filter(|it| !it.trim().is_empty()) {
            let (name, value) = part
                .split_once('=')
                .ok_or("the connection string has a part that is not NAME=VALUE")?;
            match name.trim().to_ascii_lowercase().as_str() {
                "accountname" => found.account = Some(value.to_owned()),
                "accountkey" => found.key = Some(Secret::new(value)),
                "sharedaccesssignature" => found.sas = Some(Secret::new(value)),
                "blobendpoint" => found.endpoint = Some(value.trim_end_matches('/').to_owned()),
                "endpointsuffix" => suffix = Some(value),
                "defaultendpointsprotocol" => protocol = value,
                "usedevelopmentstorage" if value.eq_ignore_ascii_case("true") => {
                    let (endpoint, account, key) = AZURE_EMULATOR;
                    found.endpoint = Some(endpoint.to_owned());
                    found.account = Some(account.to_owned());
                    found.key = Some(Secret::new(key));
                }
                _ => {}
            }
        }
        if let (None, Some(account), Some(suffix)) = (&found.endpoint, &found.account, suffix) {
            found.endpoint = Some(format!("{protocol}://{account}.blob.{suffix}"));
        }
        Ok(found)
    }
}

fn of_azure(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Clients, String> {
    let setup = azure_setup(address, connection, environment)?;
    for_each(&setup, |clients, index, url, endpoint| {
        let connector = setup.common.connector(clients, index, url);
        let mut builder = setup.builder.clone().with_http_connector(connector);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint.to_owned());
        }
        Ok(Arc::new(builder.build()?))
    })
}

fn azure_setup(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Setup<MicrosoftAzureBuilder>, String> {
    let string = connection.connection_string.clone();
    let string = string.or_else(|| environment.secret(&["AZURE_STORAGE_CONNECTION_STRING"]));
    let string = string.as_ref().map(ConnectionString::parse).transpose()?;
    let mut string = string.unwrap_or_default();
    if string.endpoint.is_none() && environment.is_true(&["AZURE_STORAGE_USE_EMULATOR"]) {
        string = ConnectionString::parse(&Secret::new("UseDevelopmentStorage=true"))?;
    }
    let account = address
        .account
        .as_deref()
        .or(connection.account_name.as_deref());
    let named = environment.first(&["AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT"]);
    let account = match connection.connection_string.is_some() {
        true => account.or(string.account.as_deref()).or(named),
        false => account.or(named).or(string.account.as_deref()),
    };
    let Some(account) = account else {
        return Err(
            "the account is not known: set AZURE_STORAGE_ACCOUNT or storage.options.account_name, or write \
             abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"
                .to_owned(),
        );
    };
    let endpoint = environment.first(&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"]);
    let endpoint = endpoint.map(str::to_owned);
    let endpoint = match connection.connection_string.is_some() {
        true => string.endpoint.clone().or(endpoint),
        false => endpoint.or(string.endpoint.clone()),
    };
    let endpoints = endpoints_of(connection, endpoint.into_iter().collect())?;
    let allow_http = connection.allow_http.unwrap_or(all_plain(&endpoints));
    let common = Common::of(connection, allow_http, connection.ca_file.as_deref(), None)?;
    let mut builder = MicrosoftAzureBuilder::new();
    // The client takes a token before any key.
    let has_own = connection.account_key.is_some()
        || connection.sas_token.is_some()
        || connection.connection_string.is_some();
    for (name, value) in environment.with_prefix("AZURE_") {
        let key = name.to_ascii_lowercase().parse::<AzureConfigKey>();
        if has_own && matches!(key, Ok(AzureConfigKey::Token)) {
            continue;
        }
        if let Ok(key) = key.map_err(drop)
            && !matches!(
                key,
                AzureConfigKey::ContainerName
                    | AzureConfigKey::AccessKey
                    | AzureConfigKey::SasKey
                    | AzureConfigKey::UseEmulator
                    | AzureConfigKey::Endpoint
                    | AzureConfigKey::Client(_)
            )
        {
            builder = builder.with_config(key, value);
        }
    }
    let key_of_environment = || {
        environment.secret(&[
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_STORAGE_ACCESS_KEY",
            "AZURE_STORAGE_KEY",
        ])
    };
    let sas_of_environment =
        || environment.secret(&["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"]);
    // The config's credentials, of whatever kind, count more than any of the environment.
    let of_string = match connection.connection_string.is_some() {
        true => (string.key.clone(), string.sas.clone()),
        false => (None, None),
    };
    let own = (connection.account_key.clone(), connection.sas_token.clone());
    let mut of_config = [own, of_string].into_iter();
    let of_config = of_config.find(|(key, sas)| key.is_some() || sas.is_some());
    let (key, sas) = of_config.unwrap_or_else(|| {
        (
            key_of_environment().or(string.key),
            sas_of_environment().or(string.sas),
        )
    });
    let other_sources = [
        "AZURE_STORAGE_TOKEN",
        "AZURE_CLIENT_SECRET",
        "AZURE_STORAGE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "AZURE_USE_AZURE_CLI",
        "AZURE_MSI_ENDPOINT",
        "AZURE_FABRIC_SESSION_TOKEN",
    ];
    let anonymous = connection.anonymous || environment.is_true(&["AZURE_SKIP_SIGNATURE"]);
    builder = match (anonymous, key, sas) {
        (true, _, _) => builder.with_skip_signature(true),
        (false, Some(key), _) => builder.with_access_key(key.reveal()),
        (false, None, Some(sas)) => {
            let sas = sas.reveal().trim_start_matches('?');
            builder.with_config(AzureConfigKey::SasKey, sas)
        }
        (false, None, None) => {
            let has_other = environment.first(&other_sources).is_some();
            let address = ["AZURE_POD_IDENTITY_AUTHORITY_HOST"];
            if !has_other && !environment.has_metadata_service(&address, ANYTHING) {
                return Err(
                    "there are no credentials: set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or \
                     AZURE_STORAGE_CONNECTION_STRING, or AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID, or \
                     storage.options.anonymous: true for a public container"
                        .to_owned(),
                );
            }
            builder
        }
    };
    builder = builder
        .with_account(account)
        .with_container_name(&address.bucket)
        .with_client_options(common.options.clone())
        .with_retry(common.retry.clone());
    Ok(Setup {
        usual_endpoint: format!("https://{account}.blob.core.windows.net"),
        builder,
        endpoints,
        common,
    })
}

fn of_http(
    address: &Address,
    connection: &Connection,
    environment: &Environment,
) -> Result<Clients, String> {
    let allow_http = connection.allow_http.unwrap_or(is_plain(&address.store));
    let ca_file = environment
        .first(&["AWS_CA_BUNDLE", "CURL_CA_BUNDLE"])
        .map(Path::new);
    let ca_file = connection.ca_file.as_deref().or(ca_file);
    let authorization = address.user.as_ref().map(|(user, password)| {
        let pair = format!("{user}:{}", password.reveal());
        Secret::new(&format!("Basic {}", BASE64_STANDARD.encode(pair)))
    });
    let common = Common {
        needs_ranges: true,
        authorization,
        ..Common::of(connection, allow_http, ca_file, None)?
    };
    let setup = Setup {
        builder: HttpBuilder::new()
            .with_url(address.store.as_str())
            .with_client_options(common.options.clone())
            .with_retry(common.retry.clone()),
        endpoints: vec![None],
        usual_endpoint: address.store.clone(),
        common,
    };
    for_each(&setup, |clients, index, url, _| {
        let connector = setup.common.connector(clients, index, url);
        let builder = setup.builder.clone().with_http_connector(connector);
        Ok(Arc::new(builder.build()?))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
