//! What an entity takes in state.

use super::*;

#[test]
fn a_call_costs_what_the_architecture_says() {
    let events = call::events();
    let sizes: Vec<usize> =
        call::taken(&events).map(|entity| entity.stored.encode().unwrap().len()).collect();
    // Ids take 16 bytes of it for each event.
    let (first, last) = (sizes[0], sizes[sizes.len() - 1]);
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert_eq!((first, last, mean), (125, 548, 354));
}
