//! The rules: what is looked for, by name.

macro_rules! rules {
    ($($variant:ident $name:literal $about:literal,)*) => {
        /// One rule.
        #[allow(clippy::doc_markdown, rustdoc::bare_urls)] // what a rule finds is told to people
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $about] $variant,)*
        }

        impl Rule {
            /// All of them, sorted by name.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The config word.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it finds, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)*
                }
            }
        }
    };
}

rules! {
    Authorization "authorization" "the credentials of Authorization and Proxy-Authorization headers",
    AwsAccessKey "aws_access_key" "AWS access key ids",
    AzureKey "azure_key" "Azure storage keys, connection strings' keys and SAS signatures",
    BrCpf "br_cpf" "Brazil's CPF (two check digits)",
    CaSin "ca_sin" "Canada's SIN (Luhn)",
    Cookie "cookie" "the values of Cookie and Set-Cookie headers",
    CreditCard "credit_card" "payment cards: issuers' ranges and Luhn's digit",
    DeTaxId "de_tax_id" "Germany's tax id (ISO 7064)",
    Email "email" "e-mail addresses",
    EsNif "es_nif" "Spain's DNI and NIE (check letter)",
    FiHetu "fi_hetu" "Finland's personal identity code (check character)",
    FrNir "fr_nir" "France's social security number (modulo 97)",
    GcpKey "gcp_key" "Google API keys, OAuth tokens and client secrets",
    GithubToken "github_token" "GitHub's tokens",
    GitlabToken "gitlab_token" "GitLab's tokens",
    Iban "iban" "IBANs: country, length, modulo 97",
    InAadhaar "in_aadhaar" "India's Aadhaar (Verhoeff)",
    IpAddress "ip_address" "IPv4 and IPv6 addresses",
    ItFiscalCode "it_fiscal_code" "Italy's codice fiscale (check letter)",
    Jwt "jwt" "JSON Web Tokens",
    KeyValueSecret "key_value_secret" "values of keys that name a secret: password=…, \"api_key\": \"…\"",
    MacAddress "mac_address" "MAC addresses",
    NlBsn "nl_bsn" "the Netherlands' BSN (weighted by eleven)",
    NpmToken "npm_token" "npm's tokens",
    Phone "phone" "telephone numbers: international ones, others where a word says so or where a text is nothing else",
    PlPesel "pl_pesel" "Poland's PESEL (check digit)",
    PrivateKey "private_key" "private keys in PEM, over all their lines",
    PypiToken "pypi_token" "PyPI's tokens",
    SgNric "sg_nric" "Singapore's NRIC and FIN (check letter)",
    SlackToken "slack_token" "Slack's tokens and webhooks",
    StripeKey "stripe_key" "Stripe's secret and restricted keys",
    TrNationalId "tr_national_id" "Turkey's identity number (two check digits)",
    UkNhs "uk_nhs" "the United Kingdom's NHS number (modulo 11)",
    UkNino "uk_nino" "the United Kingdom's National Insurance number",
    UrlPassword "url_password" "passwords in URLs: scheme://user:password@host",
    UsItin "us_itin" "the United States' ITIN",
    UsSsn "us_ssn" "the United States' SSN",
    ZaId "za_id" "South Africa's identity number (Luhn)",
}

impl Rule {
    /// The rule of this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// Whether what it finds is a number, however its groups are written.
    pub(super) fn is_number(self) -> bool {
        use Rule::{
            BrCpf, CaSin, CreditCard, DeTaxId, EsNif, FiHetu, FrNir, Iban, InAadhaar, ItFiscalCode, NlBsn, Phone, PlPesel, SgNric,
            TrNationalId, UkNhs, UkNino, UsItin, UsSsn, ZaId,
        };
        matches!(
            self,
            BrCpf
                | CaSin
                | CreditCard
                | DeTaxId
                | EsNif
                | FiHetu
                | FrNir
                | Iban
                | InAadhaar
                | ItFiscalCode
                | NlBsn
                | Phone
                | PlPesel
                | SgNric
                | TrNationalId
                | UkNhs
                | UkNino
                | UsItin
                | UsSsn
                | ZaId
        )
    }
}

/// A set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted(u64);

impl Wanted {
    pub(super) fn of(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self(rules.into_iter().fold(0, |set, rule| set | 1 << rule as u64))
    }

    #[inline(always)]
    pub(super) fn has(self, rule: Rule) -> bool {
        self.0 >> rule as u64 & 1 == 1
    }

    pub(super) fn any(self, rules: &[Rule]) -> bool {
        rules.iter().any(|rule| self.has(*rule))
    }
}
