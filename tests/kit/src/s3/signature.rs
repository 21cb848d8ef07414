//! Signature version 4 as AWS documents it, computed anew from a request.

use super::http::S3Request;
use super::sha256::{hex, hmac, sha256_hex};

/// What the header of a signed request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorization {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) signed_headers: String,
    pub(super) signature: String,
}

impl Authorization {
    /// Reads the header; `None` if the request is not signed.
    pub(super) fn of(request: &S3Request) -> Option<Self> {
        let fields = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| {
            let fields = fields.split(',').map(str::trim);
            fields
                .filter_map(|field| field.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let mut scope = field("Credential")?.split('/');
        let (access_key, _date, region) = (scope.next()?, scope.next()?, scope.next()?);
        Some(Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            signed_headers: field("SignedHeaders")?.to_owned(),
            signature: field("Signature")?.to_owned(),
        })
    }

    /// The signature that `secret` gives for the request.
    pub(super) fn expected(&self, request: &S3Request, secret: &str) -> String {
        let names = self.signed_headers.split(';');
        let headers: String =
            names.map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default())).collect();
        let mut query: Vec<_> = request.query().split('&').filter(|pair| !pair.is_empty()).collect();
        query.sort_unstable();
        let query: Vec<_> = query
            .iter()
            .map(|pair| if pair.contains('=') { (*pair).to_owned() } else { format!("{pair}=") })
            .collect();
        let content = request.header("x-amz-content-sha256").unwrap_or_default();
        let canonical = format!(
            "{}\n{}\n{}\n{headers}\n{}\n{content}",
            request.method,
            request.path(),
            query.join("&"),
            self.signed_headers,
        );
        let time = request.header("x-amz-date").unwrap_or_default();
        let date = time.get(..8).unwrap_or_default();
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256_hex(canonical.as_bytes()));
        let key = [date, &self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part.as_bytes()));
        hex(&hmac(&key, to_sign.as_bytes()))
    }
}
