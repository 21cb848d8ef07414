//! Where credentials come from, besides the environment.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ld_s3::ld_sync::Loader;
use ld_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Fault, S3Request, S3Server};
use reqsign_core::time::Timestamp;
use tokio::time::Instant;

use crate::rig::{Memory, Rig, SSE_KEY, pointer};

const NEVER: &str = "2099-01-01T00:00:00Z";

/// What the service of a container is asked for.
const SERVICE: &str = "/credentials";

/// Credentials as services for containers and instances give them.
fn answer() -> &'static str {
    answer_with(S3_ACCESS_KEY, NEVER)
}

fn answer_with(access_key: &str, expiration: &str) -> &'static str {
    let json = format!(
        r#"{{"Code": "Success", "AccessKeyId": "{access_key}", "SecretAccessKey": "{S3_SECRET_KEY}",
            "Token": "TOK", "Expiration": "{expiration}"}}"#
    );
    json.leak()
}

/// A rig with a container that has a service that gives these answers in turn.
fn in_container(answers: &[&'static str]) -> Rig {
    let rig = rig();
    rig.server.script("credentials", answers.iter().map(|answer| S3Fault::Page("", answer)));
    let url = format!("{}{SERVICE}", rig.server.url());
    rig.var("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)
}

fn asked(server: &S3Server, path: &str) -> Vec<S3Request> {
    server.requests().into_iter().filter(|request| request.path() == path).collect()
}

fn rig() -> Rig {
    let rig = Rig::new().without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    rig.server.put("bkt/k", "x", Some(SSE_KEY));
    rig
}

async fn loads_with_the_token(rig: &Rig) {
    rig.load(&pointer("k", "")).await.unwrap();
    let requests = rig.server.requests();
    assert_eq!(requests.last().unwrap().header("x-amz-security-token"), Some("TOK"));
}

#[tokio::test]
async fn a_container_has_a_service_for_credentials() {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    fs::write(&token, "service token\n").unwrap();
    let rig = in_container(&[answer()]);
    let rig = rig.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap());
    loads_with_the_token(&rig).await;
    let asked = asked(&rig.server, SERVICE);
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, Some("service token")));
}

#[tokio::test]
async fn credentials_are_kept_until_shortly_before_they_expire() {
    let soon = (Timestamp::now() + Duration::from_secs(60)).format_rfc3339_zulu();
    for (expiration, lookups) in [(NEVER, 1), (&*soon, 3)] {
        let rig = in_container(&[answer_with(S3_ACCESS_KEY, expiration); 3]);
        let loader = rig.loader();
        let pointer = loader.parse(&pointer("k", "")).unwrap();
        for _ in 0..3 {
            pointer.load(None, &mut Memory::default()).await.unwrap();
        }
        assert_eq!(asked(&rig.server, SERVICE).len(), lookups, "they expire at {expiration}");
    }
}

#[tokio::test]
async fn credentials_that_the_server_refuses_are_looked_for_again() {
    let rig = in_container(&[answer_with("AKIDREVOKED", NEVER), answer()]);
    loads_with_the_token(&rig).await;
    assert_eq!(asked(&rig.server, SERVICE).len(), 2);
}

/// A rig with the token of a web identity.
fn with_web_identity(directory: &Path) -> Rig {
    let token = directory.join("identity");
    fs::write(&token, "identity token\n").unwrap();
    let rig = rig().var("AWS_WEB_IDENTITY_TOKEN_FILE", token.to_str().unwrap());
    rig.var("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
}

#[tokio::test]
async fn a_web_identity_is_exchanged_by_sts() {
    let directory = tempfile::tempdir().unwrap();
    let rig = with_web_identity(directory.path());
    let sts = S3Server::start();
    let credentials = format!(
        "<Credentials><AccessKeyId>{S3_ACCESS_KEY}</AccessKeyId>\
         <SecretAccessKey>{S3_SECRET_KEY}</SecretAccessKey><SessionToken>TOK</SessionToken>\
         <Expiration>{NEVER}</Expiration></Credentials>"
    );
    let answer = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>{credentials}\
         </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    );
    sts.script("", [S3Fault::Page("Content-Type: text/xml\r\n", answer.leak())]);
    let rig = rig.var("AWS_ENDPOINT_URL_STS", &sts.url());
    loads_with_the_token(&rig).await;
    let asked = asked(&sts, "/");
    let form = String::from_utf8(asked[0].body.clone()).unwrap();
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "POST"));
    for field in ["Action=AssumeRoleWithWebIdentity", "WebIdentityToken=identity+token", "%3Arole%2Freader"] {
        assert!(form.contains(field), "{form}");
    }
}

#[tokio::test]
async fn a_refused_web_identity_is_a_reason_without_the_token() {
    let directory = tempfile::tempdir().unwrap();
    let rig = with_web_identity(directory.path());
    let sts = S3Server::start();
    sts.script("", [S3Fault::Status(403, "AccessDenied")]);
    let rig = rig.var("AWS_ENDPOINT_URL_STS", &sts.url());
    let error = rig.load(&pointer("k", "")).await.unwrap_err().to_string();
    assert!(
        error.contains("no usable AWS credentials (web identity: STS request failed with 403"),
        "{error}"
    );
    assert!(!error.contains("identity token"), "{error}");
}

#[tokio::test]
async fn an_instance_has_a_role() {
    let rig = rig().without("AWS_EC2_METADATA_DISABLED");
    let role = "latest/meta-data/iam/security-credentials/";
    rig.server.script("latest/api/token", [S3Fault::Page("", "token")]);
    rig.server.script(role, [S3Fault::Page("", "role")]);
    rig.server.script(&format!("{role}role"), [S3Fault::Page("", answer())]);
    let url = rig.server.url();
    let rig = rig.var("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
    loads_with_the_token(&rig).await;
    // Version 2: a token first, and each request with it.
    let (token, role) =
        (asked(&rig.server, "/latest/api/token"), asked(&rig.server, &format!("/{role}role")));
    assert_eq!(token[0].method, "PUT");
    assert_eq!(role[0].header("x-aws-ec2-metadata-token"), Some("token"));
}

#[tokio::test]
async fn a_silent_metadata_service_is_waited_for_5_s() {
    let rig = rig().without("AWS_EC2_METADATA_DISABLED");
    rig.server.script("latest/api/token", [S3Fault::Silence]);
    let url = rig.server.url();
    let rig = rig.var("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url);
    let began = Instant::now();
    let error = rig.load(&pointer("k", "")).await.unwrap_err().to_string();
    assert!(error.contains("no usable AWS credentials (instance metadata: "), "{error}");
    assert!(error.contains("no answer"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_profile_is_read_from_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("credentials");
    let text = format!(
        "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n\n[team]\n\
         aws_access_key_id = {S3_ACCESS_KEY}\naws_secret_access_key = {S3_SECRET_KEY}\naws_session_token = TOK\n"
    );
    fs::write(&path, text).unwrap();
    let rig = rig().var("AWS_SHARED_CREDENTIALS_FILE", path.to_str().unwrap());
    loads_with_the_token(&rig.var("AWS_PROFILE", "team")).await;
}

#[tokio::test]
async fn without_credentials_the_reason_says_what_to_do() {
    let error = rig().load(&pointer("k", "")).await.unwrap_err().to_string();
    assert!(error.contains("set them in the environment, in a profile, or give the host a role"), "{error}");
}
