//! Settings of stores that other tools keep in the environment and in files of profiles.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use ini::Ini;

use crate::secret::Secret;

/// Address of the service that gives credentials to the machines of a cloud.
const METADATA_ADDRESS: &str = "169.254.169.254:80";

/// Longest time to connect to that service, and that it may take to answer. It is on the machine's
/// own host.
const METADATA_PATIENCE: Duration = Duration::from_secs(1);

/// Variables of the environment.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Returns the variables of this process.
    pub(super) fn of_process() -> Self {
        let variables = std::env::vars_os();
        let variables = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Environment(variables.collect())
    }

    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter();
        Environment(
            variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        )
    }

    /// Returns the first of some variables that is set and not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        let values = names.iter().filter_map(|name| self.0.get(*name));
        // Files that were read into variables end with a line break.
        let values = values.map(|value| value.trim());
        values.into_iter().find(|value| !value.is_empty())
    }

    /// Returns the first of some variables as a secret.
    pub(super) fn secret(&self, names: &[&str]) -> Option<Secret> {
        self.first(names).map(Secret::new)
    }

    /// True if a variable says so.
    pub(super) fn is_true(&self, names: &[&str]) -> bool {
        let value = self.first(names).unwrap_or_default();
        ["true", "1", "yes"].contains(&value.to_ascii_lowercase().as_str())
    }

    /// Returns the variables whose names begin with a prefix.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.0.iter().filter(move |it| it.0.starts_with(prefix));
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn home(&self) -> Option<PathBuf> {
        self.first(&["HOME"]).map(PathBuf::from)
    }

    /// Returns the file that Google's tools keep a user's credentials in, if it is there.
    pub(super) fn google_user_file(&self) -> Option<PathBuf> {
        let file = self.home()?;
        let file = file.join(".config/gcloud/application_default_credentials.json");
        file.is_file().then_some(file)
    }

    /// True if a service that gives credentials answers a request within a second. `names` are
    /// variables with its address, in place of the one that clouds use. A connection alone proves
    /// nothing: in containers, requests to it may get no answer.
    pub(super) fn has_metadata_service(&self, names: &[&str], request: &str) -> bool {
        let address = self.first(names).unwrap_or(METADATA_ADDRESS);
        let address = address.split_once("://").map_or(address, |(_, rest)| rest);
        let address = address.split('/').next().unwrap_or_default();
        let has_port = address.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        });
        let address = match has_port {
            true => address.to_owned(),
            false => format!("{address}:80"),
        };
        let answers = |place: std::net::SocketAddr| -> std::io::Result<bool> {
            let mut stream = TcpStream::connect_timeout(&place, METADATA_PATIENCE)?;
            stream.set_read_timeout(Some(METADATA_PATIENCE))?;
            stream.set_write_timeout(Some(METADATA_PATIENCE))?;
            stream.write_all(format!("{request}Host: {address}\r\n\r\n").as_bytes())?;
            let mut start = [0; 8];
            stream.read_exact(&mut start)?;
            Ok(start.starts_with(b"HTTP/1."))
        };
        let mut found = address.to_socket_addrs().into_iter().flatten();
        found.any(|place| answers(place).unwrap_or(false))
    }
}

/// Settings of a profile of AWS's tools.
#[derive(Debug, Default)]
pub(super) struct Profile {
    pub(super) access_key_id: Option<Secret>,
    pub(super) secret_access_key: Option<Secret>,
    pub(super) session_token: Option<Secret>,
    pub(super) region: Option<String>,
    pub(super) endpoint_url: Option<String>,
    pub(super) ca_bundle: Option<String>,
    pub(super) max_attempts: Option<String>,
    pub(super) path_style: Option<bool>,
    /// Way to get credentials that this program does not know.
    pub(super) other_way: Option<&'static str>,
}

/// Ways to get credentials that a profile may name, and that need AWS's own tools.
const OTHER_WAYS: [&str; 5] = [
    "role_arn",
    "sso_session",
    "sso_start_url",
    "credential_process",
    "login_session",
];

/// Reads a profile: the named one, that of `AWS_PROFILE`, or the default one if there is one.
///
/// # Errors
///
/// A file cannot be parsed, or a profile that was named is in none of them.
pub(super) fn profile(
    named: Option<&str>,
    environment: &Environment,
) -> Result<Option<Profile>, String> {
    let asked = named.or(environment.first(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]));
    let name = asked.unwrap_or("default");
    let home = environment.home().map(|home| home.join(".aws"));
    let file = |variable: &str, usual: &str| {
        let named = environment.first(&[variable]).map(PathBuf::from);
        named.or_else(|| Some(home.as_ref()?.join(usual)))
    };
    let files = [
        (
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            name.to_owned(),
        ),
        (
            file("AWS_CONFIG_FILE", "config"),
            match name {
                "default" => name.to_owned(),
                name => format!("profile {name}"),
            },
        ),
    ];
    let mut profile = Profile::default();
    let mut found = false;
    let mut looked_in = Vec::new();
    for (file, section) in files {
        let Some(file) = file else { continue };
        looked_in.push(file.display().to_string());
        if !file.is_file() {
            continue;
        }
        // Errors of the parser quote no lines.
        let ini = Ini::load_from_file_noescape(&file);
        let ini = ini.map_err(|error| format!("{}: {error}", file.display()))?;
        let Some(section) = ini.section(Some(section)) else {
            continue;
        };
        found = true;
        let text = |key: &str| section.get(key).filter(|it| !it.is_empty());
        let secret = |key: &str| text(key).map(Secret::new);
        fill(
            &mut profile.access_key_id,
            text("aws_access_key_id").map(Secret::name),
        );
        fill(
            &mut profile.secret_access_key,
            secret("aws_secret_access_key"),
        );
        fill(&mut profile.session_token, secret("aws_session_token"));
        fill(&mut profile.region, text("region").map(str::to_owned));
        fill(
            &mut profile.endpoint_url,
            text("endpoint_url").map(str::to_owned),
        );
        fill(&mut profile.ca_bundle, text("ca_bundle").map(str::to_owned));
        fill(
            &mut profile.max_attempts,
            text("max_attempts").map(str::to_owned),
        );
        let style = text("addressing_style").map(|style| style == "path");
        fill(&mut profile.path_style, style);
        let other = OTHER_WAYS.into_iter().find(|way| text(way).is_some());
        fill(&mut profile.other_way, other);
    }
    match (found, asked) {
        (true, _) => Ok(Some(profile)),
        (false, None) => Ok(None),
        (false, Some(name)) => Err(format!(
            "there is no profile `{name}` in {}",
            looked_in.join(" or ")
        )),
    }
}

fn fill<T>(place: &mut Option<T>, found: Option<T>) {
    if place.is_none() {
        *place = found;
    }
}
