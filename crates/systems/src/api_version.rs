//! How a version of a system's API is chosen.

/// How a version of a system's API is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// It is not: every path has the version that its resource is known in.
    InPaths,
    /// A segment of the path.
    Segment {
        /// What stands before it, for instance `/services/data`.
        before: &'static str,
        /// The version where the configuration names none; `None` where the segment is then left out.
        default: Option<&'static str>,
        /// What versions look like.
        form: VersionForm,
    },
}

/// What the names of versions look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionForm {
    /// `v`, a number of two or more digits and `.0`: `v62.0`.
    Release,
    /// `v` and a digit: `v2`.
    Major,
}

// === impl ApiVersion ===

impl ApiVersion {
    /// Where the API begins, under a target's base URL: in `version`, or in the default one. Nothing where
    /// versions are not chosen.
    pub fn root(self, version: Option<&str>) -> String {
        match self {
            Self::InPaths => String::new(),
            Self::Segment { before, default, .. } => match version.or(default) {
                Some(version) => format!("{before}/{version}"),
                None => before.to_owned(),
            },
        }
    }
}

// === impl VersionForm ===

impl VersionForm {
    /// Whether a name looks like this.
    pub fn fits(self, name: &str) -> bool {
        let Some(number) = name.strip_prefix('v') else { return false };
        let digits = match self {
            Self::Release => number.strip_suffix(".0").filter(|digits| (2..=3).contains(&digits.len())),
            Self::Major => Some(number).filter(|digits| digits.len() == 1),
        };
        digits.is_some_and(|digits| {
            digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
        })
    }

    /// An example of one.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Release => "v62.0",
            Self::Major => "v2",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::System;

    #[test]
    fn the_version_is_a_segment_where_there_is_one_to_choose() {
        let root = |system: System, version| system.capabilities().api_version.root(version);
        for (system, version, expected) in [
            (System::Salesforce, None, "/services/data/v60.0"),
            (System::Salesforce, Some("v62.0"), "/services/data/v62.0"),
            (System::ServiceNow, None, "/api/now"),
            (System::ServiceNow, Some("v2"), "/api/now/v2"),
            (System::Sap, None, ""),
        ] {
            assert_eq!(root(system, version), expected);
        }
    }

    #[test]
    fn names_of_versions_have_a_form() {
        for (form, name, fits) in [
            (VersionForm::Release, "v62.0", true),
            (VersionForm::Release, "v100.0", true),
            (VersionForm::Release, "62.0", false),
            (VersionForm::Release, "v62", false),
            (VersionForm::Release, "v62.1", false),
            (VersionForm::Release, "v62.0/sobjects", false),
            (VersionForm::Major, "v1", true),
            (VersionForm::Major, "v0", false),
            (VersionForm::Major, "v12", false),
        ] {
            assert_eq!(form.fits(name), fits, "{name}");
        }
    }
}
