//! What systems are told of the conversation and the command that a request is for.

use super::*;

#[tokio::test]
async fn lookups_name_the_conversation_that_wants_them() {
    let stub = Stub::start(answer).await;
    let directory = Directory::from_config(&crms(&stub), Role::Enrichment).unwrap();
    directory.profile_parts("C-000001", &[], soon(), None, Some("conv-1"), &|| 5).await;
    for path in [QUERY, OPEN_ITEMS, STATS] {
        for asked in stub.asked(path) {
            assert_eq!(
                (asked.header("x-correlation-id"), asked.header("x-request-id")),
                ("conv-1", ""),
                "{path}"
            );
        }
    }
    assert_eq!(stub.asked("/token")[0].header("x-correlation-id"), "", "a token is for all");
}

#[tokio::test]
async fn writes_and_what_is_read_for_them_name_the_conversation_and_the_command() {
    let stub = Stub::start(|asked| match asked.path.as_str() {
        "/token" => Reply::token("t"),
        _ => Reply::json(200, r#"{"participants":[{"id":"p1","attributes":{}}]}"#),
    })
    .await;
    let directory = Directory::from_config(&genesys(&stub), Role::WriteBack).unwrap();
    let parameters = [("conversationId", "c1"), ("participantId", "p1")];
    let mut write_back = command("participant_attributes", &parameters, &[("tier", "GOLD")]);
    for (conversation, expected) in [(Some("conv-1"), "conv-1"), (None, ""), (Some("no header\n"), "")] {
        write_back.conversation_id = conversation.map(str::to_owned);
        let write = Request::from_write_back(&write_back, System::Genesys, None).unwrap();
        directory.current("cloud", &write, soon()).await.unwrap();
        directory.apply("cloud", &write, soon()).await.unwrap();
        for path in [CONVERSATION, ATTRIBUTES] {
            let asked = stub.asked(path).pop().unwrap();
            assert_eq!(asked.header("x-correlation-id"), expected, "{path}");
            assert_eq!(asked.header("x-request-id"), write_back.command_id, "{path}");
        }
    }
}
