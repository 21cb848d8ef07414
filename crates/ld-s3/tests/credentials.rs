//! Where credentials come from, besides the environment.

use std::fs;

use ld_testkit::{S3_ACCESS_KEY, S3_SECRET_KEY, S3Fault};

use crate::rig::{Rig, SSE_KEY, pointer};

/// Credentials as services for containers and instances give them.
fn answer() -> &'static str {
    let json = format!(
        r#"{{"Code": "Success", "AccessKeyId": "{S3_ACCESS_KEY}", "SecretAccessKey": "{S3_SECRET_KEY}",
            "Token": "TOK", "Expiration": "2099-01-01T00:00:00Z"}}"#
    );
    json.leak()
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
    let rig = rig();
    rig.server.script("credentials", [S3Fault::Page("", answer())]);
    let url = format!("{}/credentials", rig.server.url());
    loads_with_the_token(&rig.var("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)).await;
}

#[tokio::test]
async fn an_instance_has_a_role() {
    let rig = rig().without("AWS_EC2_METADATA_DISABLED");
    let role = "latest/meta-data/iam/security-credentials/";
    rig.server.script("latest/api/token", [S3Fault::Page("", "token")]);
    rig.server.script(role, [S3Fault::Page("", "role")]);
    rig.server.script(&format!("{role}role"), [S3Fault::Page("", answer())]);
    let url = rig.server.url();
    loads_with_the_token(&rig.var("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)).await;
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
