//! Public keys in every form, and signatures of the RFCs by them.

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::*;

/// A private key and its public half.
pub struct Pair {
    pub private: EncodingKey,
    /// `PUBLIC KEY` in PEM.
    pub pem: String,
    /// As a JSON Web Key without an id.
    pub jwk: Value,
}

/// An RSA key of 2,048 bits; one for all tests, since making it takes a while.
pub static RSA: LazyLock<Pair> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let private =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(der.as_ref()));
    let public = STANDARD.encode(pair.public_key().as_ref());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (modulus, exponent) = (pair.public_key().modulus(), pair.public_key().exponent());
    Pair {
        private: EncodingKey::from_rsa_pem(private.as_bytes()).unwrap(),
        pem: format!("-----BEGIN RSA PUBLIC KEY-----\n{public}\n-----END RSA PUBLIC KEY-----\n"),
        jwk: json!({
            "kty": "RSA",
            "n": part(modulus.big_endian_without_leading_zero()),
            "e": part(exponent.big_endian_without_leading_zero()),
        }),
    }
});

/// A new key of the curve P-256.
pub fn p256() -> Pair {
    let pair = rcgen::KeyPair::generate().unwrap();
    let point = pair.public_key_raw();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": part(&point[1..33]), "y": part(&point[33..]) });
    Pair { private: EncodingKey::from_ec_der(pair.serialized_der()), pem: pair.public_key_pem(), jwk }
}

/// A key as a set has it, with more names in it.
pub fn with(jwk: &Value, more: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    jwk
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// Whether a JSON Web Signature is by a key of a set.
fn jws(set: &str, algorithm: Algorithm, jws: &str) -> bool {
    let (signed, signature) = jws.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let set = KeySet::parse(set).unwrap();
    set.suiting(algorithm, None).any(|key| key_set::is_by(key, algorithm, signed.as_bytes(), &signature))
}

#[test]
fn signatures_of_the_rfcs() {
    let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    // RFC 7515, appendix A.2.
    let a2 = json!({ "kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-\
        Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHS\
        XndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNm\
        oudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" });
    let rs256 = format!(
        "eyJhbGciOiJSUzI1NiJ9.{payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF\
         5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7\
         K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt\
         5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    );
    // RFC 7515, appendix A.3.
    let a3 = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let es256 = format!(
        "eyJhbGciOiJFUzI1NiJ9.{payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-\
         Kg6NU1Q"
    );
    // RFC 8037, appendix A.4.
    let a4 = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dW\
        bhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    // RFC 7520, section 4.2.
    let bilbo = json!({
        "kty": "RSA",
        "kid": "bilbo.baggins@hobbiton.example",
        "use": "sig",
        "e": "AQAB",
        "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2\
            wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTw\
            Jlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iai\
            Qkqgc5gHdrNP5zw",
    });
    let ps384 = "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2l\
        uZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIg\
        ZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fU\
        DcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz2\
        8zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1a\
        CN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw";
    let all = set(&[a2, a3, a4, bilbo]);
    use Algorithm::{ES256, EdDSA, PS256, PS384, RS256};
    for (algorithm, token) in [(RS256, &*rs256), (ES256, &es256), (EdDSA, eddsa), (PS384, ps384)] {
        assert!(jws(&all, algorithm, token), "{algorithm:?}");
        for other in [RS256, PS256, ES256, EdDSA, PS384, Algorithm::HS256] {
            assert!(other == algorithm || !jws(&all, other, token), "{algorithm:?} as {other:?}");
        }
        let changed = token.replacen("ey", "ez", 1);
        assert!(!jws(&all, algorithm, &changed), "{algorithm:?}");
    }
}

#[test]
fn keys_are_read_in_every_form_and_what_is_none_says_so() {
    let (one, two) = (p256(), p256());
    let certificate = rcgen::generate_simple_self_signed(vec!["x".to_owned()]).unwrap().cert.pem();
    let id = |jwk: &Value, id: &str| with(jwk, json!({ "kid": id }));
    let set_of_two = set(&[id(&one.jwk, "1"), id(&two.jwk, "2")]);
    let suiting = |text: &str, kid: Option<&str>| {
        KeySet::parse(text).map(|set| set.suiting(Algorithm::ES256, kid).count())
    };
    for (text, kid, count) in [
        (one.pem.clone() + &two.pem, None, 2),
        (one.pem.clone(), Some("any"), 1),
        (certificate, None, 1),
        (RSA.pem.clone() + &one.pem, None, 1),
        (set_of_two.clone(), None, 2),
        (set_of_two.clone(), Some("2"), 1),
        (set_of_two, Some("3"), 0),
        // What is for something else, or of a kind that is not known, is left out.
        (set(&[with(&one.jwk, json!({ "use": "enc" })), two.jwk.clone()]), None, 1),
        (set(&[with(&one.jwk, json!({ "key_ops": ["sign"] })), two.jwk.clone()]), None, 1),
        (set(&[with(&one.jwk, json!({ "alg": "ES384" })), two.jwk.clone()]), None, 1),
        (set(&[json!({ "kty": "oct", "k": "c2VjcmV0" }), two.jwk.clone()]), None, 1),
        (set(&[json!({ "kty": "AKP", "pub": "x" }), json!(7), json!({}), two.jwk.clone()]), None, 1),
    ] {
        assert_eq!(suiting(&text, kid), Ok(count), "{text}");
    }
    let private = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let many: Vec<Value> = (0..65).map(|number| id(&one.jwk, &number.to_string())).collect();
    for (text, reason) in [
        ("", "no public key"),
        ("hunter2", "no public key"),
        ("{}", "without a list 'keys'"),
        ("{", "no JSON"),
        (r#"{"keys":[]}"#, "no public key"),
        (r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, "no public key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
        (&private, "'PRIVATE KEY'"),
        (&set(&many), "65 keys"),
    ] {
        let refused = KeySet::parse(text).map(drop).unwrap_err();
        assert!(refused.contains(reason), "{text}: {refused}");
        assert!(!refused.contains("hunter2") && !refused.contains("AAAA"), "{refused}");
    }
}

/// An RSA key of this modulus, as a set has it and as PKCS #1 in PEM.
fn rsa_of(modulus: &[u8]) -> [String; 2] {
    let set = set(&[json!({ "kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB" })]);
    let length = |length: usize| [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat();
    let exponent = [2, 3, 1, 0, 1];
    // A zero in front, so that it is no negative number.
    let number = [&[2][..], &length(modulus.len() + 1), &[0], modulus].concat();
    let der = [&[0x30][..], &length(number.len() + exponent.len()), &number, &exponent].concat();
    let pem = STANDARD.encode(der);
    [set, format!("-----BEGIN RSA PUBLIC KEY-----\n{pem}\n-----END RSA PUBLIC KEY-----\n")]
}

#[test]
fn a_key_that_can_check_nothing_is_no_key() {
    for (bytes, expected) in [(128, None), (255, None), (256, Some(())), (1_024, Some(())), (1_025, None)] {
        let [set, pem] = rsa_of(&vec![0xff; bytes]);
        let (of_set, of_pem) = (KeySet::parse(&set), KeySet::parse(&pem));
        assert_eq!(
            (of_set.is_ok().then_some(()), of_pem.is_ok().then_some(())),
            (expected, expected),
            "{bytes}"
        );
        if let (None, Err(reason)) = (expected, of_pem) {
            assert!(reason.contains(&format!("{} bits", bytes * 8)), "{reason}");
        }
    }
    // Neither an RSA key, nor a point of the curve.
    let garbage = "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n";
    assert!(KeySet::parse(garbage).unwrap_err().contains("cannot be read"));
    let elsewhere = with(&p256().jwk, json!({ "y": p256().jwk["y"] }));
    assert!(KeySet::parse(&set(&[elsewhere])).unwrap_err().contains("no public key"));
}

#[test]
fn a_source_begins_with_a_key_for_what_it_takes() {
    let (one, other) = (p256(), p256());
    let signature =
        |algorithm| format!("method = \"public_key\"\nalgorithm = \"{algorithm}\"\nkeys = [KEY, KEY2]");
    let token = |algorithms| {
        let keys = format!("algorithms = {algorithms}\nkeys = [KEY, KEY2]");
        format!("method = \"jwt\"\nissuer = \"i\"\naudience = \"a\"\n{keys}")
    };
    let only = set(&[with(&one.jwk, json!({ "alg": "ES384" }))]);
    for (verify, keys, wanted) in [
        (signature("ES256"), [&*one.pem, &RSA.pem], None),
        (signature("RS256"), [&one.pem, &RSA.pem], None),
        (signature("PS256"), [&one.pem, &other.pem], Some("PS256")),
        (signature("EdDSA"), [&one.pem, &RSA.pem], Some("EdDSA")),
        (signature("ES256"), [&only, &RSA.pem], Some("ES256")),
        (token("[\"RS256\", \"ES256\"]"), [&one.pem, &other.pem], None),
        (token("[\"RS256\", \"ES384\"]"), [&one.pem, &other.pem], Some("RS256, ES384")),
    ] {
        let usable = usable_keys(&configuration(&verify, keys));
        let reason = wanted.map(|wanted| format!("none of them is a key for {wanted};"));
        match (usable, reason) {
            (Ok(()), None) => {}
            (Err(found), Some(reason)) if found.starts_with(&reason) => {}
            (found, reason) => panic!("{verify}: {found:?} instead of {reason:?}"),
        }
    }
    let unreadable = configuration(&signature("ES256"), [&one.pem, "-----BEGIN PUBLIC KEY-----"]);
    assert!(usable_keys(&unreadable).is_err());
}

/// Of a rotation, or of an issuer's set: what is known is for something else, so nothing can be said of a token.
#[test]
fn a_token_waits_for_keys_that_suit_what_is_taken() {
    let pair = p256();
    let verify = "method = \"jwt\"\nissuer = \"i\"\naudience = \"a\"\nalgorithms = [\"ES256\"]\nkeys = [KEY]";
    let token = jsonwebtoken::encode(&jsonwebtoken::Header::new(Algorithm::ES256), &json!({}), &pair.private);
    let headers = headers(&[("authorization", &format!("Bearer {}", token.unwrap()))]);
    let verifier = configured(verify, [&RSA.pem, ""]);
    assert_eq!(super::verify(&verifier, &headers, ""), Err(Failure::NoKeys));
}

#[test]
fn a_signature_in_a_header_is_by_a_public_key() {
    use Failure::{Malformed, Mismatch, Missing};
    let (one, other) = (p256(), p256());
    let sign = |pair: &Pair, algorithm| {
        let signature = jsonwebtoken::crypto::sign(b"{}", &pair.private, algorithm).unwrap();
        STANDARD.encode(URL_SAFE_NO_PAD.decode(signature).unwrap())
    };
    let ecdsa = sign(&one, Algorithm::ES256);
    let (rs256, ps256) = (sign(&RSA, Algorithm::RS256), sign(&RSA, Algorithm::PS256));
    let set = set(std::slice::from_ref(&RSA.jwk));
    for (algorithm, keys, signature, expected) in [
        ("ES256", [&*one.pem, &other.pem], &*ecdsa, Ok(Proof::PublicKey)),
        ("ES256", [&other.pem, &one.pem], &ecdsa, Ok(Proof::PublicKey)),
        ("ES256", [&other.pem, &other.pem], &ecdsa, Err(Mismatch)),
        ("RS256", [&other.pem, &RSA.pem], &rs256, Ok(Proof::PublicKey)),
        ("RS256", [&set, &other.pem], &rs256, Ok(Proof::PublicKey)),
        ("PS256", [&set, &other.pem], &ps256, Ok(Proof::PublicKey)),
        ("PS256", [&set, &other.pem], &rs256, Err(Mismatch)),
        ("RS256", [&set, &other.pem], &ps256, Err(Mismatch)),
        ("ES256", [&set, &RSA.pem], &ecdsa, Err(Failure::NoKeys)),
        ("ES256", [&one.pem, &other.pem], &ecdsa[4..], Err(Mismatch)),
        ("RS256", [&set, &other.pem], &ecdsa, Err(Malformed)),
        ("ES256", [&set, &other.pem], &rs256, Err(Malformed)),
        ("ES256", [&one.pem, &other.pem], "not base64!", Err(Malformed)),
        ("ES256", [&one.pem, &other.pem], "", Err(Malformed)),
    ] {
        let verify = format!("method = \"public_key\"\nalgorithm = \"{algorithm}\"\nkeys = [KEY, KEY2]");
        let verifier = configured(&verify, keys);
        let found = super::verify(&verifier, &headers(&[("x-signature", signature)]), "{}");
        assert_eq!(found, expected, "{algorithm} {signature}");
        assert_eq!(super::verify(&verifier, &HeaderMap::new(), "{}"), Err(Missing));
        let changed = super::verify(&verifier, &headers(&[("x-signature", signature)]), "{ }");
        assert!(changed.is_err(), "{algorithm} of another body");
    }
}

#[test]
fn a_request_has_at_most_sixteen_pairs_of_key_and_signature_tried() {
    let pairs: Vec<Pair> = (0..20).map(|_| p256()).collect();
    let sign = |pair: &Pair| {
        let signature = jsonwebtoken::crypto::sign(b"{}", &pair.private, Algorithm::ES256).unwrap();
        STANDARD.encode(URL_SAFE_NO_PAD.decode(signature).unwrap())
    };
    let stranger = sign(&p256());
    let verify = "method = \"public_key\"\nalgorithm = \"ES256\"\nseparator = \",\"\nkeys = [KEY]";
    for (keys, by, strangers, expected) in [
        (2, 1, 7, Ok(Proof::PublicKey)),
        (2, 0, 7, Ok(Proof::PublicKey)),
        (4, 1, 7, Ok(Proof::PublicKey)),
        (4, 3, 7, Err(Failure::Mismatch)),
        (20, 19, 0, Ok(Proof::PublicKey)),
        (20, 0, 1, Err(Failure::Mismatch)),
    ] {
        let set = set(&pairs[..keys].iter().map(|pair| pair.jwk.clone()).collect::<Vec<_>>());
        let verifier = configured(verify, [&set, ""]);
        let value = [vec![stranger.clone(); strangers], vec![sign(&pairs[by])]].concat().join(",");
        let found = super::verify(&verifier, &headers(&[("x-signature", &value)]), "{}");
        assert_eq!(found, expected, "{keys} keys, {strangers} strangers before one by key {by}");
    }
}

/// Most senders write ECDSA signatures in DER (RFC 3279, section 2.2.3), as `openssl` does.
#[test]
fn an_ecdsa_signature_may_be_in_der_and_a_time_is_signed_with_the_body() {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    let pair = rcgen::KeyPair::generate().unwrap();
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pair.serialized_der()).unwrap();
    let signature = signer.sign(&SystemRandom::new(), b"1614265330{}").unwrap();
    let signature = STANDARD.encode(signature);
    let verify = "method = \"public_key\"\nalgorithm = \"ES256\"\nsigned = \"{timestamp}{body}\"\n\
        timestamp_header = \"X-Time\"\nkeys = [KEY]";
    let pem = pair.public_key_pem();
    let verifier = configured(verify, [&pem, ""]);
    for (time, now, expected) in [
        ("1614265330", NOW, Ok(Proof::PublicKey)),
        ("1614265331", NOW, Err(Failure::Mismatch)),
        ("1614265330", NOW + 300_000, Err(Failure::Stale)),
    ] {
        let headers = headers(&[("x-signature", &signature), ("x-time", time)]);
        let found = verifier.check(&shown_at(&headers, now)).and_then(|check| check.with_body(b"{}"));
        assert_eq!(found, expected, "{time} {now}");
    }
}
