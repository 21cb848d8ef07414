//! What `bucket_name` may say: the name of a bucket, or the ARN of an access point.

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bucket {
    Name(String),
    AccessPoint { name: String, account: String, region: String },
}

impl Bucket {
    /// Reads a bucket's name or an access point's ARN.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub(crate) fn parse(text: String) -> Result<Self, String> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        // In a path these would lead to another place.
        let is_dots = text == "." || text == "..";
        if (1..=255).contains(&text.len()) && text.bytes().all(is_allowed) && !is_dots {
            return Ok(Self::Name(text));
        }
        let wrong =
            || "'bucket_name' is neither the name of a bucket nor the ARN of an access point".to_owned();
        Self::access_point(&text).ok_or_else(wrong)
    }

    /// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`, or with a colon before the name.
    fn access_point(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next()? != "arn" || !is_label(parts.next()?) || parts.next()? != "s3" {
            return None;
        }
        let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let name = resource.strip_prefix("accesspoint")?.strip_prefix(['/', ':'])?;
        (is_label(region) && is_label(account) && is_label(name)).then(|| Self::AccessPoint {
            name: name.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
        })
    }

    /// As the pointer has it, but for an access point its own name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::AccessPoint { name, .. } => name,
        }
    }

    /// The region, where the name says it.
    pub(super) fn region(&self) -> Option<&str> {
        match self {
            Self::Name(_) => None,
            Self::AccessPoint { region, .. } => Some(region),
        }
    }

    /// Whether the name may become a part of a host's name that AWS's certificates cover.
    pub(super) fn is_host_label(&self) -> bool {
        let name = self.name();
        (3..=63).contains(&name.len())
            && is_label(name)
            && !name.bytes().any(|byte| byte.is_ascii_uppercase())
    }
}

/// Letters, digits and hyphens, and no hyphen at an end: a part of a host's name, such as a region.
pub(crate) fn is_label(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(is_allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_is_read_from_its_arn() {
        for arn in [
            "arn:aws:s3:us-west-2:123456789012:accesspoint/ap",
            "arn:aws:s3:us-west-2:123456789012:accesspoint:ap",
        ] {
            let bucket = Bucket::parse(arn.to_owned()).unwrap();
            assert_eq!((bucket.name(), bucket.region()), ("ap", Some("us-west-2")));
        }
    }

    #[test]
    fn other_text_is_no_bucket() {
        for wrong in [
            "",
            "a/b",
            ".",
            "..",
            "a b",
            "arn:aws:s3:us-west-2:1:bucket/x",
            "arn:aws:sqs:us-west-2:1:accesspoint/x",
            "arn:aws:s3::1:accesspoint/x",
            "arn:aws:s3:us-west-2:1:accesspoint/x/object/y",
            "arn:aws:s3:us-west-2:1:accesspoint/evil.example",
            &"x".repeat(256),
        ] {
            assert!(Bucket::parse(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
