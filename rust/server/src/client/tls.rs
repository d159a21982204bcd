//! TLS 1.2 and 1.3 to a destination: whom to trust, and whom to be.

use std::{io, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::tls::{certs, is_valid_at};

/// What a client trusts and shows, in PEM.
#[derive(Clone, Debug, Default)]
pub struct ClientPems {
    /// The authorities that may have signed the destination's certificate.
    pub authorities: Vec<u8>,
    /// Our certificate, those that lead to its root, and its key; where we show one.
    pub shown: Option<(Vec<u8>, Vec<u8>)>,
    /// The name that the destination's certificate must have; empty: its host's.
    pub name: String,
    /// Any certificate will do.
    pub any: bool,
    /// The oldest version is 1.3.
    pub only_1_3: bool,
    /// The newest is 1.2.
    pub only_1_2: bool,
}

/// Whom a connection trusts, and who it is.
#[derive(Debug)]
pub struct Trust {
    config: Arc<ClientConfig>,
    name: String,
}

impl Trust {
    /// Of these.
    ///
    /// # Errors
    /// One holds not what it must, or the key is not the certificate's: in words for an operator.
    pub fn new(pems: &ClientPems) -> Result<Arc<Self>, String> {
        static ONLY_1_3: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
        static ONLY_1_2: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
        let provider = Arc::new(ring::default_provider());
        let versions = match (pems.only_1_3, pems.only_1_2) {
            (true, _) => ONLY_1_3,
            (_, true) => ONLY_1_2,
            _ => rustls::DEFAULT_VERSIONS,
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_protocol_versions(versions).map_err(|error| error.to_string())?;
        let verifier: Arc<dyn ServerCertVerifier> =
            if pems.any { Arc::new(Anyone(provider)) } else { Trusting::new(&pems.authorities, provider)? };
        let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
        let mut config = match &pems.shown {
            None => builder.with_no_client_auth(),
            Some((cert, key)) => {
                let key = PrivateKeyDer::from_pem_slice(key)
                    .map_err(|error| format!("key_file holds no key in PEM without a password: {error}"))?;
                let made = builder.with_client_auth_cert(certs(cert, "cert_file")?, key);
                made.map_err(|error| format!("cert_file and key_file do not fit together: {error}"))?
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Arc::new(Self { config: Arc::new(config), name: pems.name.clone() }))
    }

    /// The handshake.
    ///
    /// # Errors
    /// It failed, or the destination speaks no HTTP/2.
    pub(super) async fn connect(&self, host: &str, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = if self.name.is_empty() { host } else { &self.name };
        let name = ServerName::try_from(name.to_owned()).map_err(|error| io::Error::other(format!("'{name}': {error}")))?;
        let stream = TlsConnector::from(Arc::clone(&self.config)).connect(name, socket).await?;
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Ok(stream),
            _ => Err(io::Error::other("it speaks no HTTP/2 (ALPN), which gRPC needs")),
        }
    }
}

/// What the authorities signed; and a certificate that is itself among them, as those have who sign their own: a chain of authorities is then none.
#[derive(Debug)]
struct Trusting {
    inner: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Trusting {
    fn new(pem: &[u8], provider: Arc<CryptoProvider>) -> Result<Arc<Self>, String> {
        let trusted = certs(pem, "ca_file")?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted.iter().cloned()); // of a system's many, some are of a kind that nobody reads any more
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Arc::new(Self { inner: inner.map_err(|error| format!("ca_file: {error}"))?, trusted }))
    }
}

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        cert: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.inner.verify_server_cert(cert, between, name, ocsp, now).or_else(|error| {
            if !self.trusted.iter().any(|trusted| **trusted == **cert) || !is_valid_at(cert, now) {
                return Err(error);
            }
            verify_server_name(&ParsedCertificate::try_from(cert)?, name)?;
            Ok(ServerCertVerified::assertion())
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

/// `insecure_skip_verify`: whoever holds the key of what is shown.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _cert: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
