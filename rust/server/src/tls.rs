//! TLS 1.2 and 1.3 on accepted connections, and who a client's certificate says it is.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion,
    client::danger::HandshakeSignatureValid,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate};

/// The most names that one certificate has.
const NAMES_MAX: usize = 16;

/// What a server shows and asks for, in PEM.
#[derive(Clone, Debug, Default)]
pub struct Pems {
    /// Its certificate, and those that lead to the root.
    pub cert: Vec<u8>,
    /// The certificate's key.
    pub key: Vec<u8>,
    /// Those whose certificates clients must show; `None`: they show none.
    pub client_ca: Option<Vec<u8>>,
    /// TLS 1.3 and nothing older.
    pub only_1_3: bool,
}

/// The TLS of one listener; it can be replaced for the next connection.
#[derive(Debug)]
pub struct Tls {
    config: RwLock<Arc<ServerConfig>>,
    alpn: Vec<Vec<u8>>,
}

impl Tls {
    /// Of these files' contents; `alpn`: the protocols spoken here, such as `h2`.
    ///
    /// # Errors
    /// One holds not what it must, or the key is not the certificate's: in words for an operator.
    pub fn new(pems: &Pems, alpn: &[&[u8]]) -> Result<Arc<Self>, String> {
        let alpn: Vec<Vec<u8>> = alpn.iter().map(|name| name.to_vec()).collect();
        let config = RwLock::new(config(pems, &alpn)?);
        Ok(Arc::new(Self { config, alpn }))
    }

    /// From the next connection on, these.
    ///
    /// # Errors
    /// As [`new`](Self::new); those before stay.
    pub fn replace(&self, pems: &Pems) -> Result<(), String> {
        let config = config(pems, &self.alpn)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// The handshake; and the names that the client's certificate proves: see [`names`].
    ///
    /// # Errors
    /// It failed.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, socket: S) -> io::Result<(TlsStream<S>, Vec<String>)> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        let stream = TlsAcceptor::from(config).accept(socket).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let names = shown.map(|cert| names(cert)).unwrap_or_default();
        Ok((stream, names))
    }
}

fn config(pems: &Pems, alpn: &[Vec<u8>]) -> Result<Arc<ServerConfig>, String> {
    static ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
    let provider = Arc::new(ring::default_provider());
    let versions = if pems.only_1_3 { ONLY_1_3 } else { rustls::DEFAULT_VERSIONS };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(versions).map_err(|error| error.to_string())?;
    let builder = match &pems.client_ca {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let wrong = |error: &dyn std::fmt::Display| format!("client_ca_file: {error}");
            let (mut roots, trusted) = (RootCertStore::empty(), certs(pem, "client_ca_file")?);
            for cert in &trusted {
                roots.add(cert.clone()).map_err(|error| wrong(&error))?;
            }
            let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(Arc::new(Trusting { inner: inner.map_err(|error| wrong(&error))?, trusted }))
        }
    };
    let key =
        PrivateKeyDer::from_pem_slice(&pems.key).map_err(|error| format!("key_file holds no key in PEM without a password: {error}"))?;
    let made = builder.with_single_cert(certs(&pems.cert, "cert_file")?, key);
    let mut config = made.map_err(|error| format!("cert_file and key_file do not fit together: {error}"))?;
    config.alpn_protocols = alpn.to_vec();
    Ok(Arc::new(config))
}

/// Takes also a certificate that is itself among the trusted ones, as those have who sign their own: a chain of authorities is then none.
#[derive(Debug)]
struct Trusting {
    inner: Arc<dyn ClientCertVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ClientCertVerifier for Trusting {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        cert: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.inner.verify_client_cert(cert, between, now).or_else(|error| {
            let is_trusted = self.trusted.iter().any(|trusted| **trusted == **cert);
            if is_trusted && is_valid_at(cert, now) { Ok(ClientCertVerified::assertion()) } else { Err(error) }
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

pub(crate) fn is_valid_at(der: &[u8], now: UnixTime) -> bool {
    let Ok((_, cert)) = X509Certificate::from_der(der) else { return false };
    let at = i64::try_from(now.as_secs()).ok().and_then(|seconds| ASN1Time::from_timestamp(seconds).ok());
    at.is_some_and(|at| cert.validity().is_valid_at(at))
}

pub(crate) fn certs(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certs {
        Ok(certs) if !certs.is_empty() => Ok(certs),
        Ok(_) => Err(format!("{what} holds no certificate in PEM")),
        Err(error) => Err(format!("{what} is no PEM: {error}")),
    }
}

/// Who a certificate is for, the most telling name first: SPIFFE's URI, other URIs, DNS names, and the common name where there is nothing else.
pub fn names(der: &[u8]) -> Vec<String> {
    let Ok((_, cert)) = X509Certificate::from_der(der) else { return Vec::new() };
    let mut found: Vec<(u8, String)> = Vec::new();
    if let Ok(Some(extension)) = cert.subject_alternative_name() {
        for name in extension.value.general_names.iter().take(NAMES_MAX) {
            match name {
                GeneralName::URI(uri) => found.push((u8::from(!uri.starts_with("spiffe://")), (*uri).to_owned())),
                GeneralName::DNSName(name) => found.push((2, (*name).to_owned())),
                _ => {}
            }
        }
    }
    if found.is_empty() {
        let common = cert.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        return common.map(str::to_owned).into_iter().collect();
    }
    found.sort_by_key(|(rank, _)| *rank); // stable: as in the certificate otherwise
    found.into_iter().map(|(_, name)| name).collect()
}
