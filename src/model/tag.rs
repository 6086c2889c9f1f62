//! What a text speaks of: identifiers from the catalogues of the security world, in their canonical spelling.

/// A catalogue that gives out identifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Catalogue {
    /// Common Vulnerabilities and Exposures: `CVE-2024-3094`.
    Cve,
    /// China National Vulnerability Database: `CNVD-2021-01234`.
    Cnvd,
    /// China National Vulnerability Database of Information Security: `CNNVD-202403-2917`.
    Cnnvd,
    /// GitHub Security Advisories: `GHSA-rxwq-x6h5-x525`.
    Ghsa,
    /// `QiAnXin`: `QVD-2024-11691`.
    Qvd,
    /// `ThreatBook`: `XVE-2024-19087`.
    Xve,
    /// Common Weakness Enumeration: `CWE-79`.
    Cwe,
    /// MITRE ATT&CK tactics and techniques: `T1059.001`.
    Attack,
    /// Common Vulnerability Scoring System: the highest base score that is named, `CVSS 9.8`.
    Cvss,
}

impl Catalogue {
    /// Every catalogue.
    pub const ALL: [Self; 9] = [Self::Cve, Self::Cnvd, Self::Cnnvd, Self::Ghsa, Self::Qvd, Self::Xve, Self::Cwe, Self::Attack, Self::Cvss];

    /// One lowercase word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cve => "cve",
            Self::Cnvd => "cnvd",
            Self::Cnnvd => "cnnvd",
            Self::Ghsa => "ghsa",
            Self::Qvd => "qvd",
            Self::Xve => "xve",
            Self::Cwe => "cwe",
            Self::Attack => "attack",
            Self::Cvss => "cvss",
        }
    }

    /// Reads what `as_str` gives.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|catalogue| catalogue.as_str() == word)
    }

    /// The address that names the catalogue: `scheme` of an Atom category (RFC 4287 section 4.2.2.2).
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Cve => "https://www.cve.org/",
            Self::Cnvd => "https://www.cnvd.org.cn/",
            Self::Cnnvd => "https://www.cnnvd.org.cn/",
            Self::Ghsa => "https://github.com/advisories/",
            Self::Qvd => "https://ti.qianxin.com/vulnerability/",
            Self::Xve => "https://x.threatbook.com/",
            Self::Cwe => "https://cwe.mitre.org/",
            Self::Attack => "https://attack.mitre.org/",
            Self::Cvss => "https://www.first.org/cvss/",
        }
    }

    /// Whether its identifiers name single vulnerabilities.
    pub const fn names_vulnerabilities(self) -> bool {
        !matches!(self, Self::Cwe | Self::Attack | Self::Cvss)
    }
}

/// An identifier that a text names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// Whose it is.
    pub catalogue: Catalogue,
    /// In canonical spelling: `CVE-2024-3094`, `GHSA-rxwq-x6h5-x525`, `CVSS 9.8`.
    pub name: String,
    /// The text is about it: it stands in the title, at the beginning, or again and again. Else it may stand in a side bar or a table.
    pub is_primary: bool,
}
