//! Who may use a worker: a shared token, and TLS.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};
use url::{Host, Url};

use super::error::ClusterError;
use crate::secret::Secret;
use crate::text_file::{MOST_WRITTEN_BYTES, read_text};

/// Environment variable with the shared token.
pub const TOKEN_VARIABLE: &str = "BENCH_TOKEN";

/// Fewest characters of a token. Shorter ones can be guessed.
const SHORTEST_TOKEN: usize = 16;
/// Most characters of a token, which is sent with each request.
const LONGEST_TOKEN: usize = 1024;

/// The way in which a process proves itself to workers, and they to it.
#[derive(Debug, Clone, Default)]
pub struct ClientSecurity {
    token: Option<Secret>,
    /// Certificates, in PEM, that a worker's own is checked with. Absent: none is trusted.
    authority: Option<String>,
    /// True if the token may go to other hosts without TLS.
    plaintext: bool,
}

impl ClientSecurity {
    /// Reads the token from a file, or else from the environment, and the certificates from a file.
    /// `plaintext` is true if the token may go to other hosts without TLS.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or a token that is too short or no header can hold.
    pub fn read(
        token_file: Option<&Path>,
        authority_file: Option<&Path>,
        plaintext: bool,
    ) -> Result<Self, ClusterError> {
        Ok(ClientSecurity {
            plaintext,
            token: token(token_file)?,
            authority: authority_file.map(certificates_of).transpose()?,
        })
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Refuses to send the token to another host without TLS, unless that was asked for.
    pub(super) fn check(&self, url: &Url) -> Result<(), ClusterError> {
        let here = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if self.token.is_none() || self.plaintext || here || url.scheme() == "https" {
            return Ok(());
        }
        Err(ClusterError::Security {
            what: url.to_string(),
            reason: "the token would go there without TLS, for others to read; use https://, or say --plaintext on a network that nobody \
                     else is on"
                .to_owned(),
        })
    }

    /// The token as a header.
    pub(super) fn token(&self) -> Option<HeaderValue> {
        let token = self.token.as_ref()?;
        // The characters were checked when the token was read.
        let mut header = HeaderValue::from_str(&format!("Bearer {}", token.reveal())).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    pub(super) fn tls(&self) -> ClientTlsConfig {
        let tls = ClientTlsConfig::new();
        match &self.authority {
            Some(pem) => tls.ca_certificate(Certificate::from_pem(pem)),
            None => tls,
        }
    }
}

/// Reads the shared token from a file, or else from the environment.
fn token(file: Option<&Path>) -> Result<Option<Secret>, ClusterError> {
    let (what, text) = match (file, std::env::var(TOKEN_VARIABLE)) {
        (Some(file), _) => (
            format!("--token-file {}", file.display()),
            text_of("--token-file", file)?,
        ),
        (None, Ok(text)) => (TOKEN_VARIABLE.to_owned(), text),
        (None, Err(std::env::VarError::NotPresent)) => return Ok(None),
        (None, Err(error)) => {
            return Err(ClusterError::Security {
                what: TOKEN_VARIABLE.to_owned(),
                reason: error.to_string(),
            });
        }
    };
    let text = text.trim();
    let reason = if text.len() > LONGEST_TOKEN {
        format!("a token has at most {LONGEST_TOKEN} characters")
    } else if text.chars().count() < SHORTEST_TOKEN {
        format!("a token has at least {SHORTEST_TOKEN} characters")
    } else if !text.chars().all(|it| it.is_ascii_graphic()) {
        "a token has letters, digits and punctuation of ASCII alone".to_owned()
    } else {
        return Ok(Some(Secret::new(text)));
    };
    Err(ClusterError::Security { what, reason })
}

fn text_of(flag: &str, file: &Path) -> Result<String, ClusterError> {
    read_text(file, MOST_WRITTEN_BYTES).map_err(|error| ClusterError::Security {
        what: format!("{flag} {}", file.display()),
        reason: error.to_string(),
    })
}

fn certificates_of(file: &Path) -> Result<String, ClusterError> {
    let text = text_of("--tls-ca", file)?;
    match text.contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(text),
        false => Err(ClusterError::Security {
            what: format!("--tls-ca {}", file.display()),
            reason: "it holds no certificate in PEM".to_owned(),
        }),
    }
}

/// Files of a certificate and its key, in PEM, and of the certificates that other workers' are
/// checked with.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Absent: that of other workers is not known.
    pub authority: Option<PathBuf>,
}

impl TlsFiles {
    /// Makes an authority and a certificate for these names, into a folder that is made for them.
    /// Files that are there are used as they are, so that workers on a shared file system have one
    /// authority.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or has some of the files and not the others.
    pub fn generated(folder: &Path, names: &[String]) -> Result<Self, ClusterError> {
        let authority_file = folder.join("ca.pem");
        let files = TlsFiles {
            certificate: folder.join("worker.pem"),
            key: folder.join("worker.key"),
            authority: Some(authority_file.clone()),
        };
        let all = [&files.certificate, &files.key, &authority_file];
        let failed = |reason: String| ClusterError::Security {
            what: format!("--tls-generate {}", folder.display()),
            reason,
        };
        let are_there = || all.iter().all(|file| file.exists());
        if are_there() {
            return Ok(files);
        }
        if folder.exists() {
            return Err(failed(
                "it is there, and has not ca.pem, worker.pem and worker.key; give a folder that has them, or one that is to be made"
                    .to_owned(),
            ));
        }
        let (authority, certificate, key) =
            certificates(names).map_err(|error| failed(error.to_string()))?;
        let parent = match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        // Workers of several hosts may make it at once; the first one's stays.
        let made = fs::create_dir_all(parent)
            .and_then(|()| tempfile::tempdir_in(parent))
            .and_then(|made| {
                write(&made.path().join("ca.pem"), &authority, 0o644)?;
                write(&made.path().join("worker.pem"), &certificate, 0o644)?;
                write(&made.path().join("worker.key"), &key, 0o600)?;
                fs::rename(made.path(), folder)
            });
        match made {
            Ok(()) => Ok(files),
            Err(_) if are_there() => Ok(files),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Reads the files for a server.
    pub(super) fn server(&self) -> Result<ServerTlsConfig, ClusterError> {
        let certificate = text_of("--tls-cert", &self.certificate)?;
        let key = text_of("--tls-key", &self.key)?;
        Ok(ServerTlsConfig::new().identity(Identity::from_pem(certificate, key)))
    }
}

fn write(file: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(file)?;
    file.write_all(text.as_bytes())
}

/// Makes the certificate of an authority, and one that it signs for these names, with its key.
fn certificates(names: &[String]) -> Result<(String, String, String), rcgen::Error> {
    let called = |name: &str| {
        let mut names = DistinguishedName::new();
        names.push(DnType::CommonName, name);
        names
    };
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name = called("bench workers");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    let mut worker = CertificateParams::new(names.to_vec())?;
    worker.is_ca = IsCa::ExplicitNoCa;
    worker.distinguished_name = called("bench worker");
    worker.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let worker = worker.signed_by(&key, &authority)?;
    Ok((authority.pem(), worker.pem(), key.serialize_pem()))
}

/// True if two texts are equal, in a time that tells nothing of where they differ.
pub(super) fn same_secret(one: &[u8], other: &[u8]) -> bool {
    let differing = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
    one.len() == other.len() && differing == 0
}
