//! `first-minute`, and other forms that make what has a secret: sent twice, they make one and show the same.

use crate::world::World;

/// How many keys are called so.
async fn keys_named(world: &World, label: &str) -> usize {
    let keys = world.get("/v1/keys").await;
    keys["data"].as_array().expect("a list").iter().filter(|key| key["label"] == label).count()
}

#[tokio::test]
async fn key_is_made_once_however_often_its_button_is_pressed() {
    let world = World::start().await;
    let page = world.page("first-minute").await.expect(200);
    let (csrf, key) = (page.field("key", "csrf"), page.field("key", "key"));
    let form = [("csrf", csrf.as_str()), ("action", "key"), ("key", key.as_str())];
    let first = world.send_form("first-minute", &form).await.expect(200);
    first.says("Bearer sk_test_").says(&format!("first-event-{key}"));
    let again = world.send_form("first-minute", &form).await.expect(200);
    assert_eq!(again.text, first.text);
    assert_eq!(keys_named(&world, "First event").await, 1);
    // Another form is another wish; one without its key is of nobody's making.
    world.act("first-minute", "key", &[]).await.expect(200);
    assert_eq!(keys_named(&world, "First event").await, 2);
    world.send_form("first-minute", &form[..2]).await.expect(409);
    assert_eq!(keys_named(&world, "First event").await, 2);
    world.become_a("operator");
    world.send_form("first-minute", &form).await.expect(403);
}

#[tokio::test]
async fn key_of_the_settings_is_made_and_rotated_once_a_form() {
    let world = World::start().await;
    let page = world.page("settings/keys").await.expect(200);
    let (csrf, key) = (page.field("create", "csrf"), page.field("create", "key"));
    let form = [
        ("csrf", csrf.as_str()),
        ("action", "create"),
        ("key", key.as_str()),
        ("label", "backend"),
        ("scope-meter", "yes"),
    ];
    let first = world.send_form("settings/keys", &form).await.expect(200);
    assert_eq!(world.send_form("settings/keys", &form).await.expect(200).text, first.text);
    assert_eq!(keys_named(&world, "backend").await, 1);
    // Gone back to and filled in anew, it is another wish.
    let other = [form[0], form[1], form[2], ("label", "worker"), form[4]];
    world.send_form("settings/keys", &other).await.expect(200).says("The key worker");
    // What was refused is not kept: mended, the same form is done.
    let without = [form[0], form[1], ("key", "another"), form[3]];
    world.send_form("settings/keys", &without).await.expect(400);
    world.send_form("settings/keys", &[&without[..], &form[4..]].concat()).await.expect(200);
    assert_eq!(keys_named(&world, "backend").await, 2);
}
